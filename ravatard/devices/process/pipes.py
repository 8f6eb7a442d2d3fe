"""A sound process's ends of the two pipes that join it with its daemon, and its life between them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

from ravatard.devices.process.records import RecordDecoder, RecordProtocol

#: What may wait for a daemon that does not read: two minutes of sound. More than that, and it never will.
_MOST_PENDING = 1 << 22
R = TypeVar("R")


class DaemonGone(Exception):
    """Nobody is left to tell anything."""


class PipeWriter:
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


class RecordInbox(Generic[R]):
    """The pipe from the daemon."""

    def __init__(self, fd: int, wire: RecordProtocol[R]) -> None:
        self.fd = fd
        self._decoder = RecordDecoder(wire)

    def read(self) -> list[R]:
        """Wait for something; the records that are complete now, perhaps none.

        Raises:
            DaemonGone: the daemon closed its end.
        """
        data = os.read(self.fd, 1 << 16)
        if not data:
            raise DaemonGone
        return self._decoder.feed(data)


def live(serve: Callable[[int, PipeWriter], None]) -> NoReturn:
    """Be a sound process: ``serve`` the daemon that writes to our standard input until it is gone."""
    # JACK and some drivers print on standard output: only we may write where the daemon reads records.
    outbox = PipeWriter(os.dup(1))
    os.dup2(2, 1)
    # The daemon decides when we end, by closing our input. A Ctrl-C or systemd's SIGTERM is for it alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        serve(0, outbox)
    except DaemonGone:
        pass
    except BaseException:  # noqa: BLE001 - the last word of this process, on the daemon's record of our stderr
        sys.excepthook(*sys.exc_info())
    finally:
        # No tidy end: PortAudio may hang in its own, and a command must not outlive us.
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)
