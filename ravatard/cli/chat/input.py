"""Lines of a standard input that is no terminal, read by the event loop and no further than needed."""

from __future__ import annotations

import asyncio
import codecs
import os

from ravatard.errors import RavatardError

_PIECE_BYTES = 65_536
#: Many times the longest text that may be said.
_LONGEST_LINE = 65_536


class LineTooLong(RavatardError):
    """The input is no text written line by line."""


class Lines:
    """The lines of a file descriptor: a pipe, a socket, a file.

    It stays in blocking mode, because it may be shared with other processes: it is read only when readable.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._pending = ""
        self._over = False

    async def next(self) -> str | None:
        """Return the next line without its end; None after the last.

        Cancelling is safe: nothing is lost.

        Raises:
            LineTooLong: a line does not end.
        """
        while "\n" not in self._pending:
            if self._over:
                line, self._pending = self._pending, ""
                return line or None
            if len(self._pending) > _LONGEST_LINE:
                raise LineTooLong(f"a line of the input is longer than {_LONGEST_LINE} characters")
            await self._readable()
            self._take()
        line, _, self._pending = self._pending.partition("\n")
        return line.removesuffix("\r")

    def _take(self) -> None:
        try:
            data = os.read(self._fd, _PIECE_BYTES)
        except OSError:
            # A terminal that was hung up, or a descriptor that was never open.
            data = b""
        self._pending += self._decoder.decode(data, final=not data)
        self._over = not data

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        try:
            loop.add_reader(self._fd, ready.set)
        except (OSError, ValueError):
            # epoll(7) takes no regular file and not /dev/null: reading those never waits.
            return
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._fd)
