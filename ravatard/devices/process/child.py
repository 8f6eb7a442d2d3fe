"""The daemon's side of one sound process: start, records in both directions, end.

No thread: the event loop reads its pipes, and a pipe that closes is its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from ravatard.devices.process.call_mark import Call, call_of
from ravatard.devices.process.environment import Absorber
from ravatard.devices.process.piped import PipedProcess
from ravatard.devices.process.printed import last_lines, library_lines, tail_of
from ravatard.devices.process.records import RecordDecoder, RecordProtocol
from ravatard.devices.process.scheduling import Scheduling
from ravatard.errors import DeviceError

#: Records that wait to be received before the pipe is no longer read: a minute of speech.
_MOST_RECORDS = 256
R = TypeVar("R")


class PipedChild(Generic[R]):
    """One running child process that exchanges records of type ``R`` with the daemon.

    Attributes:
        heard_at: when it last sent anything, seconds on the loop's clock.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        command: list[str],
        protocol: RecordProtocol[R],
        pass_fds: Sequence[int] = (),
        started: PipedProcess | None = None,
    ) -> None:
        """Start it. Needs a running loop.

        Args:
            environ: all its environment variables.
            command: program and arguments.
            protocol: the records on its pipes.
            pass_fds: files it inherits, under the same numbers.
            started: this process, if it was started already, with the same of all these.

        Raises:
            DeviceError: no process can be started.
        """
        try:
            self._piped = started or PipedProcess(command, environ, pass_fds)
        except OSError as error:
            raise DeviceError(f"the sound process cannot be started: {error.strerror}") from error
        self._process = self._piped.process
        self._scheduling = Scheduling(self._process.pid)
        self._loop = asyncio.get_running_loop()
        self._decoder = RecordDecoder(protocol)
        self._records: list[R] = []
        self._broken: DeviceError | None = None
        self._over = False
        self._last_call: Call | None = None
        self._full = False
        self._tail = b""
        self._waiter: asyncio.Future[None] | None = None
        self._absorbs: Absorber[R] | None = None
        self._limit: asyncio.Timeout | None = None
        self._limit_s: float | None = None
        self.heard_at = self._loop.time()
        self._stdin, self._stdout, self._stderr = (
            pipe.fileno() for pipe in (self._piped.stdin, self._piped.stdout, self._piped.stderr)
        )
        self._loop.add_reader(self._stdout, self._on_stdout)
        self._loop.add_reader(self._stderr, self._on_stderr)

    @property
    def pid(self) -> int:
        """Process id, and id of the group of all it starts."""
        return self._process.pid

    async def receive(self, limit_s: float | None, absorbs: Absorber[R] | None = None) -> list[R]:
        """Return the records since the last call, waiting for some; [] once it has ended.

        Cancelling loses nothing: the next call returns what has come meanwhile.

        Args:
            limit_s: limit for the next record; counts anew from each that is absorbed. None: no limit.
            absorbs: takes records in the pipe's callback, while this waits: no task runs for them.

        Raises:
            TimeoutError: nothing came for ``limit_s``.
            DeviceError: its output cannot be decoded.
        """
        if not self._records and not self._over:
            self._waiter = self._loop.create_future()
            self._absorbs, self._limit_s = absorbs, limit_s
            try:
                async with asyncio.timeout(limit_s) as self._limit:
                    await self._waiter
            except TimeoutError:
                # Our own loop may have been the one that was late: then both came at once.
                if not self._records and not self._over:
                    raise
            finally:
                self._waiter = self._absorbs = self._limit = None
        if self._broken is not None and not self._records:
            raise self._broken
        records, self._records = self._records, []
        if self._full:
            self._full = False
            self._loop.add_reader(self._stdout, self._on_stdout)
        return records

    def _on_stdout(self) -> None:
        try:
            data = os.read(self._stdout, 1 << 16)
            self.heard_at = self._loop.time()
            # Nor is half a record anything to be received.
            if data and (self._are_absorbed(self._decoder.feed(data)) or not self._records):
                return
        except BlockingIOError:
            return
        except DeviceError as error:
            self._broken = error
        if not data or self._broken:
            # Before it is waited for, after which the kernel forgets its name.
            self._last_call = call_of(self._process.pid)
            self._over = True
            self._loop.remove_reader(self._stdout)
        elif len(self._records) > _MOST_RECORDS:
            # They are not received: let them wait in the pipe, and then in the sound process.
            self._full = True
            self._loop.remove_reader(self._stdout)
        self._wake()

    def _are_absorbed(self, records: list[R]) -> bool:
        """Return True if nothing is left to be received: there may be a task, and it need not run."""
        absorbs = self._absorbs
        if absorbs is None or self._records or self._waiter is None or self._waiter.done():
            self._records += records
            return False
        for at, record in enumerate(records):
            # In order: what comes behind one that is received is received, too.
            if not absorbs(record):
                self._records = records[at:]
                return False
        if self._limit is not None and self._limit_s is not None:
            self._limit.reschedule(self.heard_at + self._limit_s)
        return True

    def _on_stderr(self) -> None:
        try:
            data = os.read(self._stderr, 1 << 16)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._stderr)
        self._tail = tail_of(self._tail + data)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def stderr_tail(self) -> str:
        """Return the last lines that it printed, as one line; "" if there are none."""
        if not self._piped.stderr.closed:
            self._on_stderr()
        return last_lines(self._tail)

    def library_tail(self) -> str:
        """Return the last lines that ALSA and PortAudio printed in it, as one line; "" if there are none."""
        if not self._piped.stderr.closed:
            self._on_stderr()
        return library_lines(self._tail)

    def is_starved(self) -> bool:
        """Return True if the machine kept it from running since the last call."""
        return self._scheduling.is_starved()

    def call(self) -> Call | None:
        """Return the marked call of a library that it is inside of, or was when it ended by itself."""
        return self._last_call if self._over else call_of(self._process.pid)

    def is_in_call(self) -> bool:
        """Return True if it runs, and is inside a call of a library that it marked."""
        return not self._over and self._process.poll() is None and self.call() is not None

    def crash(self) -> str:
        """Return the name of the signal that ended it by itself, such as SIGSEGV; "" for any other end.

        A sound process ends itself by SIGKILL (:func:`ravatard.devices.process.pipes.run_worker`), as we do.
        """
        status = self._process.poll()
        return (
            signal.Signals(-status).name
            if status is not None and status < 0 and -status != signal.SIGKILL
            else ""
        )

    def kill(self) -> None:
        """End it, and the processes it started, at once. Idempotent; afterwards await :meth:`reaped`."""
        if self._piped.stdin.closed:
            return
        # Not waited for yet, so its number still belongs to it, dead or alive.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._loop.remove_reader(self._stdout)
        self._loop.remove_reader(self._stderr)
        self._piped.close_pipes()
        self._over = True
        self._wake()

    async def reaped(self, limit_s: float) -> bool:
        """Wait until the kernel has let go of it and of the processes it started.

        Return False if it has not after ``limit_s``: a driver hangs.
        """
        until = self._loop.time() + limit_s
        pause_s = 0.001
        while self._process.poll() is None or group_is_running(self._process.pid):
            if self._loop.time() >= until:
                return False
            await asyncio.sleep(pause_s)
            pause_s = min(0.05, pause_s * 2)
        return True


def group_is_running(group: int) -> bool:
    """Return True while a process of ``group`` runs; a zombie does not count."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # A command that became another user; it is there all the same.
        return True
    processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return any(_state_in(process, group) not in "ZX" for process in processes)


def _state_in(process: Path, group: int) -> str:
    """Return the state of ``process``, a letter (proc(5)); X (dead) if it is not of ``group``."""
    try:
        fields = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return "X"
    return fields[0] if fields[2] == str(group) else "X"
