"""Files of an answer that arrive one behind the other on one descriptor.

FFmpeg ends with the first MP4 or compressed WAV file of several, and loses every second WebM file: these are
taken apart, MP4 files at the box ``ftyp``, the others where a file's first bytes stand again. Of the other
containers FFmpeg reads a row of files as one.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Protocol

from ravatard.devices.media.mp4_boxes import Order, is_mp4, order_of

#: ISO/IEC 14496-12 section 4.2, as in mp4_boxes.py.
_BOX = struct.Struct(">I4s")
_LONG = struct.Struct(">Q")
_READ_BYTES = 8_192
#: The boxes before an MP4 index are small; a file still undecided here is read as it arrives.
_MOST_HEAD_BYTES = 1 << 20


#: First bytes of a file that FFmpeg does not find behind another: RIFF's (12 bytes), and EBML's with the
#: document type in its header (RFC 8794 section 11.2), so long that sound does not look like it by chance.
_BEGINNINGS = {
    b"RIFF": re.compile(rb"RIFF.{4}WAVEfmt ", re.DOTALL),
    b"\x1aE\xdf\xa3": re.compile(rb"\x1aE\xdf\xa3.{1,40}?\x42\x82.(?:webm|matroska)", re.DOTALL),
}
#: No such beginning is longer.
_LONGEST_BEGINNING = 56


class InputFile(Protocol):
    """Input of FFmpeg."""

    def read(self, count: int, /) -> bytes:
        """Return up to ``count`` bytes; b"" at the end."""
        ...


class CodedStream:
    """A descriptor, after the bytes read from it already. Has no ``seek``, so that FFmpeg does not seek."""

    def __init__(self, fd: int) -> None:
        self._head = b""
        self._fd = fd

    def read(self, count: int) -> bytes:
        """Return bytes as soon as there are any."""
        if self._head:
            piece, self._head = self._head[:count], self._head[count:]
            return piece
        return os.read(self._fd, count)

    def exactly(self, count: int) -> bytes:
        """Return ``count`` bytes, fewer only at the end."""
        parts = b""
        while len(parts) < count and (piece := self.read(count - len(parts))):
            parts += piece
        return parts

    def give_back(self, piece: bytes) -> None:
        """Take back the bytes read last; the next :meth:`read` returns them again."""
        self._head = piece + self._head


class Mp4File:
    """One MP4 file of a stream; ends where another one begins. Has no ``seek`` either."""

    def __init__(self, stream: CodedStream) -> None:
        self._stream = stream
        self._header = b""
        #: Bytes of the present box that are still to come; None: all to the end of the stream.
        self._left: int | None = 0
        self._begun = False

    def read(self, count: int) -> bytes:
        """Return bytes of this file as soon as there are any; b"" at its end."""
        if self._left == 0 and not self._header:
            self._next_box()
        if self._header:
            piece, self._header = self._header[:count], self._header[count:]
            return piece
        if self._left == 0:
            return b""
        piece = self._stream.read(count if self._left is None else min(count, self._left))
        if self._left is not None:
            self._left -= len(piece)
        return piece

    def _next_box(self) -> None:
        """Read the header of the next box, unless it begins the next file or there is none."""
        header = self._stream.exactly(_BOX.size)
        size, name = _BOX.unpack(header) if len(header) == _BOX.size else (len(header), b"")
        if name == b"ftyp" and self._begun:
            self._stream.give_back(header)
            return
        self._begun = True
        if size == 1 and name:
            header += self._stream.exactly(_LONG.size)
            size = _LONG.unpack_from(header, _BOX.size)[0] if len(header) == _BOX.size + _LONG.size else 0
        self._header = header
        # Size 0 is "to the end"; a size that cannot be leaves the rest to FFmpeg.
        self._left = size - len(header) if size >= len(header) else None


class SignedFile:
    """One file of a stream; ends where the first bytes of its kind of file stand again. Has no ``seek``."""

    def __init__(self, stream: CodedStream, beginning: re.Pattern[bytes], magic: bytes) -> None:
        self._stream = stream
        self._beginning = beginning
        self._magic = magic
        self._ready = b""
        self._held = b""
        self._begun = False
        self._over = False

    def read(self, count: int) -> bytes:
        """Return bytes of this file as soon as there are any; b"" at its end."""
        while not self._ready and not self._over:
            self._more()
        piece, self._ready = self._ready[:count], self._ready[count:]
        return piece

    def _more(self) -> None:
        piece = self._stream.read(_READ_BYTES)
        found = self._held + piece
        begins = self._beginning.search(found, 0 if self._begun else 1)
        if begins is not None:
            self._stream.give_back(found[begins.start() :])
            self._ready, self._held, self._over = found[: begins.start()], b"", True
            return
        # What may be the first part of a beginning waits for the rest of it.
        tail = max(0 if self._begun else 1, len(found) - _LONGEST_BEGINNING)
        held = found.find(self._magic[:1], tail) if piece else -1
        end = len(found) if held < 0 else held
        self._ready, self._held = found[:end], found[end:]
        self._begun = self._begun or bool(self._ready)
        self._over = not piece


def files_on(fd: int) -> Iterator[InputFile]:
    """Yield the files that arrive on ``fd``; the rest of one is skipped when the next is asked for.

    Each is read as it arrives, or whole if it is an MP4 file whose index stands at the end.
    """
    stream = CodedStream(fd)
    while head := _head(stream):
        file = _file(stream, head)
        if file is stream:
            yield file
            return
        if order_of(head) is Order.WHOLE:
            whole = BytesIO()
            while piece := file.read(1 << 16):
                whole.write(piece)
            whole.seek(0)
            yield whole
        else:
            yield file
        while file.read(1 << 16):
            pass


def _file(stream: CodedStream, head: bytes) -> InputFile:
    """Return the next file of ``stream``: the stream itself if it is not taken apart."""
    if is_mp4(head):
        return Mp4File(stream)
    for magic, beginning in _BEGINNINGS.items():
        if head.startswith(magic):
            return SignedFile(stream, beginning, magic)
    return stream


def _head(stream: CodedStream) -> bytes:
    """Return the first bytes of a file, as many as decide how to read it; they are read again."""
    head = b""
    while order_of(head) is Order.UNDECIDED and len(head) < _MOST_HEAD_BYTES:
        piece = stream.read(_READ_BYTES)
        if not piece:
            break
        head += piece
    stream.give_back(head)
    return head
