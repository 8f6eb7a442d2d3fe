"""The sound process's ends of the two pipes that join it with its daemon."""

from __future__ import annotations

import os

from ravatard.devices.earwire import Decoder, Record

#: What may wait for a daemon that does not read: two minutes of sound. More than that, and it never will.
_MOST_PENDING = 1 << 22


class DaemonGone(Exception):
    """Nobody is left to tell anything."""


class Outbox:
    """The pipe to the daemon. Never blocks: a daemon that is busy for a moment costs no sound."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._pending = bytearray()

    @property
    def pending(self) -> int:
        """Bytes the pipe has not taken yet."""
        return len(self._pending)

    def put(self, data: bytes) -> None:
        """Write ``data`` now or, when the pipe is full, with a later call.

        Raises:
            DaemonGone: the daemon closed its end, or has not read for minutes.
        """
        self._pending += data
        try:
            del self._pending[: os.write(self._fd, self._pending)]
        except BlockingIOError:
            if len(self._pending) > _MOST_PENDING:
                raise DaemonGone from None
        except BrokenPipeError:
            raise DaemonGone from None

    def drain(self) -> None:
        """Write all that is pending, however long the daemon takes.

        Raises:
            DaemonGone: the daemon closed its end.
        """
        os.set_blocking(self._fd, True)
        while self._pending:
            self.put(b"")


class Inbox:
    """The pipe from the daemon."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._decoder = Decoder()

    def read(self) -> list[Record]:
        """Wait for something; the records that are complete now, perhaps none.

        Raises:
            DaemonGone: the daemon closed its end.
        """
        data = os.read(self.fd, 1 << 16)
        if not data:
            raise DaemonGone
        return self._decoder.feed(data)
