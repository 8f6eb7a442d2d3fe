"""WebSocket frames as bytes (RFC 6455), good ones and all others."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Mapping

TEXT, BINARY, CLOSE, PING, PONG, MORE = 1, 2, 8, 9, 10, 0

#: Codes of close frames: those of the RFC, those that must not be sent, private ones, and none at all.
CODES = (
    *range(1000, 1016),
    0,
    1,
    999,
    1016,
    1100,
    2000,
    2999,
    3000,
    3999,
    4000,
    4001,
    4003,
    4401,
    4403,
    4999,
    5000,
    65_535,
)


def frame(
    opcode: int, data: bytes, *, end: bool = True, reserved: int = 0, claimed: int | None = None
) -> bytes:
    """One frame of a server; ``claimed``: a length that it has not."""
    length = len(data) if claimed is None else claimed
    first = (0x80 if end else 0) | reserved << 4 | opcode
    if length < 126:
        return bytes((first, length)) + data
    if length < 65_536:
        return struct.pack("!BBH", first, 126, length) + data
    return struct.pack("!BBQ", first, 127, length) + data


def text(words: str) -> bytes:
    """A text message in one frame."""
    return frame(TEXT, words.encode("utf-8", "surrogatepass"))


def message(**fields: object) -> bytes:
    """A text message with JSON."""
    return text(json.dumps(fields))


def closing(chance: random.Random) -> bytes:
    """A close frame."""
    code = chance.choice(CODES)
    reason = chance.choice((b"", b"bye", b"\xff\xfe", b"\x1b[2J" * 20, b"x" * 123))
    return chance.choice(
        (frame(CLOSE, struct.pack("!H", code) + reason), frame(CLOSE, b""), frame(CLOSE, b"\x03"))
    )


def _fragments(chance: random.Random) -> bytes:
    words = json.dumps({"answer": "in pieces" * 20}).encode()
    size = chance.choice((1, 7, 100))
    parts = [words[at : at + size] for at in range(0, len(words), size)]
    between = chance.choice((b"", frame(PING, b"between")))
    return between.join(
        frame(TEXT if number == 0 else MORE, part, end=number == len(parts) - 1)
        for number, part in enumerate(parts)
    )


#: Frames that no server should send; after many of them a client must close.
ODD: Mapping[str, Callable[[random.Random], bytes]] = {
    "binary": lambda chance: frame(BINARY, chance.randbytes(chance.choice((0, 1, 1_000, 100_000)))),
    "JSON as binary": lambda _: frame(BINARY, b'{"answer":"binary"}'),
    "text that is no UTF-8": lambda _: frame(TEXT, b'{"answer":"\xff\xfe\xed\xa0\xbd"}'),
    "an empty text": lambda _: frame(TEXT, b""),
    "fragments": _fragments,
    "many empty fragments": lambda _: frame(TEXT, b"", end=False) + frame(MORE, b"", end=False) * 2_000,
    "a fragment of nothing": lambda _: frame(MORE, b"more"),
    "a text within a text": lambda _: frame(TEXT, b"a", end=False) + frame(TEXT, b"b"),
    "a ping": lambda chance: frame(PING, chance.randbytes(chance.choice((0, 4, 125)))),
    "a ping that is too long": lambda _: frame(PING, b"p" * 300),
    "a ping in fragments": lambda _: frame(PING, b"p", end=False),
    "many pings": lambda _: frame(PING, b"p") * 2_000,
    "a pong": lambda _: frame(PONG, b"nobody asked"),
    "many pongs": lambda _: frame(PONG, b"") * 2_000,
    "a close": closing,
    "two closes": lambda chance: closing(chance) + closing(chance),
    "an unknown opcode": lambda chance: frame(chance.choice((3, 7, 11, 15)), b"odd"),
    "reserved bits": lambda chance: frame(TEXT, b"{}", reserved=chance.choice((1, 2, 4, 7))),
    "a masked frame": lambda _: bytes((0x81, 0x82, 1, 2, 3, 4, 5, 6)),
    "a length that is a lie": lambda chance: frame(
        TEXT, b"{}", claimed=chance.choice((100, 70_000, 2**40, 2**63, 2**64 - 1))
    ),
    "an oversize message": lambda _: frame(TEXT, b'{"answer":"' + b"x" * 2_300_000 + b'"}'),
    "bytes": lambda chance: chance.randbytes(chance.choice((1, 10, 10_000))),
    "HTTP": lambda _: b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
}
