"""One message in several WebSocket frames, as RFC 6455 allows and servers seldom do."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_TEXT = 0x1
_CONTINUATION = 0x0
_LAST = 0x80


def pieces_of(raw: bytes, pieces: int) -> list[bytes]:
    """``raw`` in so many pieces of about the same size; fewer when it is shorter than that."""
    size = max(1, -(-len(raw) // pieces))
    return [raw[start : start + size] for start in range(0, len(raw), size)] or [b""]


def frames(text: str, pieces: int) -> Iterator[bytes]:
    """The frames of one text message as a server sends them: unmasked (RFC 6455, 5.1), the last one marked.

    A frame may end in the middle of a character.
    """
    parts = pieces_of(text.encode(), pieces)
    for number, part in enumerate(parts):
        first = (_TEXT if number == 0 else _CONTINUATION) | (_LAST if number == len(parts) - 1 else 0)
        yield bytes([first]) + _length(len(part)) + part


def _length(length: int) -> bytes:
    if length < 126:
        return struct.pack(">B", length)
    return struct.pack(">BH", 126, length) if length < 65_536 else struct.pack(">BQ", 127, length)
