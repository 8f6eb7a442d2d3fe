"""The daemon's side of one sound process: start, records in both directions, end.

No thread: the event loop reads its pipes, and a pipe that closes is its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Generic, TypeVar

from ravatard.devices.process.records import RecordDecoder, RecordProtocol
from ravatard.devices.process.scheduling import Scheduling
from ravatard.errors import DeviceError, InternalError

#: How much is kept of the libraries' output: enough for the lines around a failure.
_TAIL_BYTES = 2_000
_TAIL_LINES = 3
_POSITION = re.compile(r"^ALSA lib \S+?:\d+:\(\w+\) ")
#: PortAudio also tries JACK, whose library prints this on every machine without a JACK server.
_CHATTER = re.compile(
    r"jack|cannot connect to server|cannot create (thread res|message buffer)", re.IGNORECASE
)
#: Records that wait to be received before the pipe is no longer read: a minute of speech.
_MOST_RECORDS = 256
#: Beginnings of the names of variables for the daemon alone: settings (the project id among them), and
#: systemd's (systemd.exec(5)).
_WITHHELD = ("RAVATARD_", "RAVATAR_", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_")
R = TypeVar("R")
SLIM_CONFIG = Path(__file__).with_name("alsa.conf")


def child_environ(environ: Mapping[str, str], *, slim: bool) -> dict[str, str]:
    """Return the environment variables of a sound process, and of the programs that it may start.

    ALSA, PulseAudio and those programs may need any variable but the daemon's own settings, its credentials,
    and its connections to systemd: these are left out.

    Args:
        environ: the daemon's environment variables.
        slim: use the slim ALSA configuration, unless ``environ`` names one.
    """
    added = {
        # ALSA converts rates and formats that a card cannot do, where it can.
        "PA_ALSA_PLUGHW": "1",
        "JACK_NO_START_SERVER": "1",
    }
    if slim:
        added["ALSA_CONFIG_PATH"] = str(SLIM_CONFIG)
    return added | {name: value for name, value in environ.items() if not name.startswith(_WITHHELD)}


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs ``module`` of this installation in a process of its own."""
    # -P: no module is taken from whatever folder the daemon happens to run in.
    return [sys.executable, "-P", "-m", module, *arguments]


class PipedProcess:
    """A running child process with pipes that never block: ``stdin``, ``stdout`` and ``stderr``."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], pass_fds: Sequence[int] = ()
    ) -> None:
        """Start it.

        Args:
            command: program and arguments.
            environ: all its environment variables.
            pass_fds: files it inherits, under the same numbers.

        Raises:
            OSError: no process can be started.
        """
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=dict(environ),
            # A group of its own, with the command it may start: both end together, and Ctrl-C is for us.
            process_group=0,
            pass_fds=pass_fds,
        )
        pipes = (self.process.stdin, self.process.stdout, self.process.stderr)
        self.stdin, self.stdout, self.stderr = (_nonblocking(pipe) for pipe in pipes)

    def close_pipes(self) -> None:
        """Close our ends of the pipes. Idempotent."""
        for pipe in (self.stdin, self.stdout, self.stderr):
            pipe.close()


def _nonblocking(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise InternalError("Popen made no pipes")
    os.set_blocking(pipe.fileno(), False)
    return pipe


class PipedChild(Generic[R]):
    """One running child process that exchanges records of type ``R`` with the daemon."""

    def __init__(
        self,
        environ: Mapping[str, str],
        command: list[str],
        protocol: RecordProtocol[R],
        pass_fds: Sequence[int] = (),
    ) -> None:
        """Start it. Needs a running loop.

        Args:
            environ: all its environment variables.
            command: program and arguments.
            protocol: the records on its pipes.
            pass_fds: files it inherits, under the same numbers.

        Raises:
            DeviceError: no process can be started.
        """
        try:
            self._piped = PipedProcess(command, environ, pass_fds)
        except OSError as error:
            raise DeviceError(f"the sound process cannot be started: {error.strerror}") from error
        self._process = self._piped.process
        self._scheduling = Scheduling(self._process.pid)
        self._loop = asyncio.get_running_loop()
        self._decoder = RecordDecoder(protocol)
        self._records: list[R] = []
        self._broken: DeviceError | None = None
        self._over = False
        self._full = False
        self._tail = b""
        self._waiter: asyncio.Future[None] | None = None
        self._stdin, self._stdout, self._stderr = (
            pipe.fileno() for pipe in (self._piped.stdin, self._piped.stdout, self._piped.stderr)
        )
        self._loop.add_reader(self._stdout, self._on_stdout)
        self._loop.add_reader(self._stderr, self._on_stderr)

    @property
    def pid(self) -> int:
        """Process id, and id of the group of all it starts."""
        return self._process.pid

    async def receive(self, limit_s: float | None) -> list[R]:
        """Return the records since the last call, waiting for some; [] once it has ended.

        Cancelling loses nothing: the next call returns what has come meanwhile.

        Raises:
            TimeoutError: nothing came for ``limit_s``.
            DeviceError: its output cannot be decoded.
        """
        if not self._records and not self._over:
            self._waiter = self._loop.create_future()
            try:
                async with asyncio.timeout(limit_s):
                    await self._waiter
            except TimeoutError:
                # Our own loop may have been the one that was late: then both came at once.
                if not self._records and not self._over:
                    raise
            finally:
                self._waiter = None
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
            self._records += self._decoder.feed(data)
        except BlockingIOError:
            return
        except DeviceError as error:
            self._broken = error
        if not data or self._broken:
            self._over = True
            self._loop.remove_reader(self._stdout)
        elif len(self._records) > _MOST_RECORDS:
            # They are not received: let them wait in the pipe, and then in the sound process.
            self._full = True
            self._loop.remove_reader(self._stdout)
        self._wake()

    def _on_stderr(self) -> None:
        try:
            data = os.read(self._stderr, 1 << 16)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._stderr)
        self._tail = (self._tail + data)[-_TAIL_BYTES:]

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def stderr_tail(self) -> str:
        """Return the last lines that it or its libraries printed, as one line; "" if there are none."""
        if not self._piped.stderr.closed:
            self._on_stderr()
        return last_lines(self._tail)

    def is_starved(self) -> bool:
        """Return True if the machine kept it from running since the last call."""
        return self._scheduling.is_starved()

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


def last_lines(printed: bytes) -> str:
    """Return the last lines ``printed``, as one, each once, without ALSA's positions and JACK's messages."""
    lines = [_POSITION.sub("ALSA: ", line.strip()) for line in printed.decode(errors="replace").splitlines()]
    kept = dict.fromkeys(line for line in lines if line and not _CHATTER.match(line))
    return "; ".join(list(kept)[-_TAIL_LINES:])
