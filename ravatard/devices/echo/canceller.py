"""Echo canceller: WebRTC's audio processing in livekit's library; the only module that loads it.

The library is called directly. Its Python package would load asyncio, numpy and protobuf for it: 24 MB and a
second of processor time more, measured on a desktop processor, in a process that needs none of them. Requests
and replies are protobuf messages; their field numbers, below, are those of livekit 1.2's ``ffi.proto``, which
protobuf's rules keep for as long as the messages exist. A test compares the sound with the package's own
``AudioProcessingModule``, and :func:`open_canceller` tries a block before it returns.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from ravatard.core.audio.echo.talk_over_gate import BLOCK_BYTES, REFERENCE_BYTES
from ravatard.core.audio_format import RATE_HZ, VOICE_RATE_HZ
from ravatard.errors import DeviceError
from ravatard.installation import adding

#: Fields of FfiRequest and FfiResponse.
_NEW, _STREAM, _REVERSE = 50, 51, 52
_NEW_REPLY, _STREAM_REPLY, _REVERSE_REPLY = 49, 50, 51
#: Fields of NewApmRequest; without its gain control, which turns the rest of the echo up.
_ECHO, _HIGH_PASS, _NOISE = 1, 3, 4
_LIBRARY = Path("livekit", "rtc", "resources", "liblivekit_ffi.so")
_ON_EVENT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)


class LivekitCanceller:
    """A :class:`ravatard.core.audio.echo.talk_over_gate.Canceller`, which removes steady noise too.

    It finds the delay between the two by itself, up to a quarter of a second, and adapts to the room within
    seconds of sound.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        """Make one.

        Args:
            library: livekit's, initialised.

        Raises:
            DeviceError: it does not answer as version 1.2 does.
        """
        self._library = library
        self._block = ctypes.create_string_buffer(BLOCK_BYTES)
        self._played = ctypes.create_string_buffer(REFERENCE_BYTES)
        self._reply_at, self._reply_size = ctypes.c_void_p(), ctypes.c_size_t()
        self._reply_refs = ctypes.byref(self._reply_at), ctypes.byref(self._reply_size)
        reply = self._request(_message(_NEW, _varints((_ECHO, 1), (_HIGH_PASS, 1), (_NOISE, 1))))
        # FfiResponse.new_apm.apm.handle.id
        for field in (_NEW_REPLY, 1, 1):
            reply = _inside(reply, field)
        handle = _varint_of(reply, 1)

        def sound(block: ctypes.Array[ctypes.c_char], rate_hz: int) -> bytes:
            """Return a request's fields: handle, address, bytes, rate, channels."""
            fields = (handle, ctypes.addressof(block), len(block), rate_hz, 1)
            return _varints(*enumerate(fields, 1))

        self._stream = _message(_STREAM, sound(self._block, RATE_HZ))
        # Its own conversion of the rate costs less than any here.
        self._reverse = _message(_REVERSE, sound(self._played, VOICE_RATE_HZ))
        self._done = {_STREAM: _message(_STREAM_REPLY, b""), _REVERSE: _message(_REVERSE_REPLY, b"")}

    def reference(self, block: bytes) -> None:
        """Take the next block that the speaker played; before its counterpart.

        Raises:
            DeviceError: the library refused it.
        """
        self._played.raw = block
        self._process(_REVERSE, self._reverse)

    def process(self, block: bytes) -> bytes:
        """Return the microphone's next block without the echo.

        Raises:
            DeviceError: the library refused it.
        """
        self._block.raw = block
        self._process(_STREAM, self._stream)
        return self._block.raw

    def _process(self, field: int, request: bytes) -> None:
        reply = self._request(request)
        if reply != self._done[field]:
            raise DeviceError(f"the echo canceller refused a block of sound ({reply[:80]!r})")

    def _request(self, request: bytes) -> bytes:
        handle = self._library.livekit_ffi_request(request, len(request), *self._reply_refs)
        if not handle:
            raise DeviceError("the echo canceller's library gave no answer")
        data, size = self._reply_at.value, self._reply_size.value
        reply = ctypes.string_at(data, size) if data and size else b""
        self._library.livekit_ffi_drop_handle(handle)
        return reply


class NoCanceller:
    """A :class:`ravatard.core.audio.echo.talk_over_gate.Canceller` for sound whose echo a device removed."""

    def reference(self, block: bytes) -> None:
        """Ignore it."""

    def process(self, block: bytes) -> bytes:
        """Return the block as it is."""
        return block


def library_path() -> str | None:
    """Return the path of livekit's library; None if the extra is not installed. Imports nothing of it."""
    for folder in sys.path:
        path = Path(folder or os.curdir, _LIBRARY)
        if path.is_file():
            return str(path)
    return None


def open_canceller() -> LivekitCanceller:
    """Load the library and make a canceller that has processed a block.

    Raises:
        DeviceError: the extra is not installed, or is not what this was written for.
    """
    path = library_path()
    if path is None:
        raise DeviceError(f"echo cancelling needs livekit: {adding('aec')}")
    try:
        library = _load(path)
        canceller = LivekitCanceller(library)
        canceller.reference(bytes(REFERENCE_BYTES))
        canceller.process(bytes(BLOCK_BYTES))
    except (OSError, AttributeError, ValueError) as error:
        raise DeviceError(
            f"livekit's library {path} cannot be used ({error}); {adding('aec')}, which has one that can"
        ) from error
    return canceller


def _load(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    library.livekit_ffi_request.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.POINTER(ctypes.c_void_p),
        ctypes.POINTER(ctypes.c_size_t),
    ]
    library.livekit_ffi_request.restype = ctypes.c_uint64
    library.livekit_ffi_drop_handle.argtypes = [ctypes.c_uint64]
    library.livekit_ffi_drop_handle.restype = ctypes.c_bool
    library.livekit_ffi_initialize.argtypes = [_ON_EVENT, ctypes.c_bool, ctypes.c_char_p, ctypes.c_char_p]
    library.livekit_ffi_initialize.restype = None
    library.livekit_ffi_initialize(_on_event, False, b"ravatard", b"0")
    return library


def _ignore(_data: int, _size: int) -> None:
    """Ignore the library's events: without a room the only one is a panic, after which it answers nothing."""


#: Kept: the library calls it for as long as it is loaded.
_on_event = _ON_EVENT(_ignore)

# -------------------------------------------------------------- protobuf, as far as it is needed


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _varints(*fields: tuple[int, int]) -> bytes:
    """Return fields of numbers: (field, value)."""
    return b"".join(_varint(field << 3) + _varint(value) for field, value in fields)


def _message(field: int, inside: bytes) -> bytes:
    """Return a field that holds a message."""
    return _varint(field << 3 | 2) + _varint(len(inside)) + inside


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at ``at``, and where the next thing is."""
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("it answers in another format")
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return number, at


def _fields(data: bytes) -> dict[int, int | bytes]:
    """Return the fields of a message of numbers and messages."""
    found: dict[int, int | bytes] = {}
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if key & 7 == 2:
            found[key >> 3] = data[at : at + value]
            at += value
        elif key & 7 == 0:
            found[key >> 3] = value
        else:
            raise ValueError("it answers in another format")
    return found


def _inside(data: bytes, field: int) -> bytes:
    """Return the message in a field; b"" if it is a number or missing."""
    inside = _fields(data).get(field)
    return inside if isinstance(inside, bytes) else b""


def _varint_of(data: bytes, field: int) -> int:
    """Return the number in a field."""
    number = _fields(data).get(field)
    if number is None or isinstance(number, bytes):
        raise ValueError("it answers in another format")
    return number
