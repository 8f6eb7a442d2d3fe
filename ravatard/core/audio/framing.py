"""Framer: pieces of any size in, frames of one exact size out, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator


class Framer:
    """Cuts a byte stream into frames of one size, however the stream arrives.

    The frames depend only on the bytes fed since the last :meth:`reset`, never on how they were cut.
    """

    def __init__(self, frame_bytes: int) -> None:
        if frame_bytes < 1:
            raise ValueError(f"a frame of {frame_bytes} bytes cannot be cut; use 1 or more")
        self._frame_bytes = frame_bytes
        self._begun = b""

    def split(self, pcm: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        """Cut ``pcm`` at the ends of frames.

        Exhaust the iterator before feeding more: what is left over is kept when it ends.

        Args:
            pcm: any number of bytes.

        Yields:
            (piece, frame): the pieces joined are ``pcm``; ``frame`` is the whole frame that ends with this
            piece, or None when the piece ends inside one.
        """
        start = 0
        if self._begun:
            start = self._frame_bytes - len(self._begun)
            piece = pcm[:start]
            self._begun += piece
            if len(piece) < start:
                if piece:
                    yield piece, None
                return
            frame, self._begun = self._begun, b""
            yield piece, frame
        whole = len(pcm) - (len(pcm) - start) % self._frame_bytes
        for at in range(start, whole, self._frame_bytes):
            frame = pcm[at : at + self._frame_bytes]
            yield frame, frame
        if whole < len(pcm):
            self._begun = pcm[whole:]
            yield self._begun, None

    def reset(self) -> None:
        """Forget the frame that was begun; the next byte begins a new one."""
        self._begun = b""
