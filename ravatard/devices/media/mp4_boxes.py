"""Order of the boxes in an MP4 file: decodable while it arrives, or only with the index at its end."""

from __future__ import annotations

import struct
from enum import Enum, unique

#: ISO/IEC 14496-12 section 4.2: size and type; size 1 means that 64 bits of size follow, 0 "to the end".
_BOX = struct.Struct(">I4s")
_LONG = struct.Struct(">Q")
#: Boxes that an MP4 file may begin with.
_FIRST = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid", b"sidx"})


@unique
class Order(Enum):
    """Way to read a file, by its first boxes."""

    UNDECIDED = "undecided"
    """More of the file is needed."""
    STREAM = "stream"
    """Read it as it arrives: the index comes first, or it is no MP4 file."""
    WHOLE = "whole"
    """Read all of it first: sound and picture come before the index that is needed to decode them."""


def is_mp4(head: bytes) -> bool:
    """Return True if a file that begins with ``head`` is one of boxes."""
    return head[4:8] in _FIRST


def order_of(head: bytes) -> Order:
    """Return how to read a file that begins with ``head``, any number of its bytes."""
    at = 0
    while True:
        if len(head) - at < _BOX.size:
            return Order.UNDECIDED
        size, name = _BOX.unpack_from(head, at)
        if at == 0 and name not in _FIRST:
            return Order.STREAM
        # A fragment brings its own index; "mdat" first means that the index is last.
        if name in {b"moov", b"moof"}:
            return Order.STREAM
        if name == b"mdat":
            return Order.WHOLE
        header = _BOX.size
        if size == 1:
            if len(head) - at < _BOX.size + _LONG.size:
                return Order.UNDECIDED
            (size,) = _LONG.unpack_from(head, at + _BOX.size)
            header += _LONG.size
        if size < header:
            return Order.STREAM
        at += size
