"""Fragmented WebSocket messages, as RFC 6455 allows and servers seldom send."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_TEXT = 0x1
_CONTINUATION = 0x0
_LAST = 0x80


def pieces_of(raw: bytes, pieces: int) -> list[bytes]:
    """Split ``raw`` into ``pieces`` parts of about the same size; fewer if it is shorter."""
    size = max(1, -(-len(raw) // pieces))
    return [raw[start : start + size] for start in range(0, len(raw), size)] or [b""]


def frames(text: str, pieces: int) -> Iterator[bytes]:
    """Yield the frames of a text message as sent by a server: unmasked (RFC 6455, 5.1), the last marked.

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
