"""The sound process's side: its two pipes to the daemon, and its life from start to end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

from ravatard.devices.process.records import RecordDecoder, RecordProtocol

#: Most bytes that wait for a daemon that does not read: two minutes of sound. Beyond that it never will.
_MOST_PENDING = 1 << 22
R = TypeVar("R")


class DaemonGone(Exception):
    """The daemon has closed its pipe, or reads it no more."""


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
        """Write ``data`` now or, while the pipe is full, with a later call.

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


class RecordReader(Generic[R]):
    """The pipe from the daemon."""

    def __init__(self, fd: int, protocol: RecordProtocol[R]) -> None:
        self.fd = fd
        self._decoder = RecordDecoder(protocol)

    def read(self) -> list[R]:
        """Wait for data; return the records that are complete now, perhaps none.

        Raises:
            DaemonGone: the daemon closed its end.
        """
        data = os.read(self.fd, 1 << 16)
        if not data:
            raise DaemonGone
        return self._decoder.feed(data)

    def read_first(self) -> list[R]:
        """Wait for the first complete record; return it and those that came with it.

        Raises:
            DaemonGone: the daemon closed its end.
        """
        records: list[R] = []
        while not records:
            records = self.read()
        return records


def run_worker(serve: Callable[[int, PipeWriter], None]) -> NoReturn:
    """Run as a sound process: ``serve`` the daemon on standard input until it is gone."""
    # JACK and some drivers print on standard output: only we may write where the daemon reads records.
    outbox = PipeWriter(os.dup(1))
    os.dup2(2, 1)
    # The daemon decides when we end, by closing our input. Ctrl-C and systemd's SIGTERM are for it alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        serve(0, outbox)
    except DaemonGone:
        pass
    except BaseException:  # noqa: BLE001 - printed on standard error, which the daemon keeps; then the process ends
        sys.excepthook(*sys.exc_info())
    finally:
        # No orderly exit: PortAudio may hang in its own, and an external command must not outlive us.
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)
