"""Framing of records on a pipe between the daemon and its child process; no I/O.

A record is ``type`` (one byte), ``length`` (u32, little-endian) and ``length`` bytes of payload. Both ends
come from one installation, so the format carries no version.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, EnumMeta
from typing import Any, Generic, TypeVar

from ravatard.errors import DeviceError

#: Far above any real record: a chunk is 8 kB, a raw block of the longest duration 6 kB, a piece of an answer
#: 64 kB.
LONGEST_PAYLOAD = 1 << 20

_HEADER = struct.Struct("<BI")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class RecordCodec(Generic[R]):
    """Encoding of one kind of record."""

    number: int
    kind: type[R]
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], R]


def record(
    number: int, kind: type[R], /, **fields: str | type[Enum] | type[str] | type[bytes]
) -> RecordCodec[R]:
    """Return the codec of a record with these fields, in this order.

    Args:
        number: type of the record on the pipe.
        kind: class of the record.
        fields: struct format of each field, or its Enum; one may be ``str`` or ``bytes``, which takes the
            rest of the payload.
    """
    rest = next((name for name, of in fields.items() if of in (str, bytes)), None)
    fixed = {name: of for name, of in fields.items() if name != rest}
    members = {name: tuple(of) for name, of in fixed.items() if isinstance(of, EnumMeta)}
    layout = struct.Struct("<" + "".join(of if isinstance(of, str) else "B" for of in fixed.values()))

    def pack(item: object) -> bytes:
        values = ((name, getattr(item, name)) for name in fixed)
        head = layout.pack(*(members[name].index(it) if name in members else it for name, it in values))
        if rest is None:
            return head
        tail = getattr(item, rest)
        return head + (tail.encode() if fields[rest] is str else bytes(tail))

    def unpack(payload: bytes) -> R:
        values: dict[str, Any] = dict(zip(fixed, layout.unpack_from(payload), strict=True))
        values |= {name: each[values[name]] for name, each in members.items()}
        tail = payload[layout.size :]
        if rest is not None:
            values[rest] = tail.decode() if fields[rest] is str else tail
        elif tail:
            raise ValueError(f"{len(tail)} bytes too many")
        return kind(**values)

    return RecordCodec(number, kind, pack, unpack)


class RecordProtocol(Generic[R]):
    """One protocol: its kinds of records."""

    def __init__(self, codecs: Iterable[RecordCodec[R]]) -> None:
        self._codecs = {codec.kind: codec for codec in codecs}
        self.unpackers = {codec.number: codec.unpack for codec in self._codecs.values()}

    def encode(self, record: R) -> bytes:
        """Return ``record`` as bytes for the pipe."""
        codec = self._codecs[type(record)]
        payload = codec.pack(record)
        return _HEADER.pack(codec.number, len(payload)) + payload


class RecordDecoder(Generic[R]):
    """Turns bytes, cut anywhere, into records."""

    __slots__ = ("_buffer", "_unpackers")

    def __init__(self, protocol: RecordProtocol[R]) -> None:
        self._buffer = bytearray()
        self._unpackers = protocol.unpackers

    def feed(self, data: bytes) -> list[R]:
        """Take ``data`` from the pipe; return the records that are complete now, in order.

        Raises:
            DeviceError: this is not our protocol. Nothing that follows can be decoded: end the other side.
        """
        buffer = self._buffer
        buffer += data
        records: list[R] = []
        at = 0
        while len(buffer) - at >= _HEADER.size:
            number, length = _HEADER.unpack_from(buffer, at)
            if number not in self._unpackers or length > LONGEST_PAYLOAD:
                raise DeviceError(
                    f"the sound process sent a record of type {number} with {length} bytes, which its "
                    "protocol does not know; it will be started again"
                )
            end = at + _HEADER.size + length
            if len(buffer) < end:
                break
            records.append(self._unpack(number, bytes(buffer[at + _HEADER.size : end])))
            at = end
        del buffer[:at]
        return records

    def _unpack(self, number: int, payload: bytes) -> R:
        try:
            return self._unpackers[number](payload)
        # UnicodeDecodeError and json's error are ValueErrors; wrong fields of options are TypeErrors; json
        # that is nested a thousand deep is a RecursionError.
        except (struct.error, ValueError, IndexError, KeyError, TypeError, RecursionError) as error:
            raise DeviceError(
                f"the sound process sent a record of type {number} with {len(payload)} bytes that cannot be "
                f"decoded ({error}); it will be started again"
            ) from error
