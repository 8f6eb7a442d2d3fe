"""The daemon's side of one sound process: start it, read what it says, tell it things, end it.

No thread: its pipes are read by the event loop, its end is a pipe that closes.
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
from typing import Generic, TypeVar

from ravatard.devices.microphone.protocol import WIRE, Record, encode
from ravatard.devices.process.records import RecordDecoder, RecordProtocol
from ravatard.errors import DeviceError, InternalError

#: What is kept of what libraries print: enough for the lines around a failure.
_TAIL_BYTES = 2_000
_TAIL_LINES = 3
_POSITION = re.compile(r"^ALSA lib \S+?:\d+:\(\w+\) ")
#: JACK's library, which nobody asked for, has no server to talk to and says so whatever happens.
_CHATTER = re.compile(
    r"jack|cannot connect to server|cannot create (thread res|message buffer)", re.IGNORECASE
)
#: Records that wait to be received before the pipe is no longer read: a minute of speech.
_MOST_RECORDS = 256
R = TypeVar("R")
SLIM_CONFIG = Path(__file__).with_name("alsa.conf")


def child_environment(environ: Mapping[str, str], *, slim: bool) -> dict[str, str]:
    """What a sound process finds in its environment.

    Args:
        environ: the daemon's environment.
        slim: use the slim ALSA configuration, unless the environment names one.
    """
    added = {
        # Rates and formats a card cannot do are converted by ALSA, where it can.
        "PA_ALSA_PLUGHW": "1",
        "JACK_NO_START_SERVER": "1",
    }
    if slim:
        added["ALSA_CONFIG_PATH"] = str(SLIM_CONFIG)
    return added | dict(environ)


def worker_command() -> list[str]:
    """How a sound process is started."""
    # -P: no module is taken from whatever folder the daemon happens to run in.
    return [sys.executable, "-P", "-m", "ravatard.devices.microphone.worker"]


class PipedChild(Generic[R]):
    """One running child process that is told and tells records of type ``R``."""

    def __init__(
        self,
        environment: Mapping[str, str],
        command: list[str],
        wire: RecordProtocol[R],
        pass_fds: Sequence[int] = (),
    ) -> None:
        """Start it. Needs a running loop.

        Args:
            environment: all that it finds in its environment.
            command: what to start.
            wire: the records on its pipes.
            pass_fds: files it inherits, under the same numbers.

        Raises:
            DeviceError: no process can be started.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=dict(environment),
                # Its own group, with the command it may start: both end together, Ctrl-C is for us.
                process_group=0,
                pass_fds=pass_fds,
            )
        except OSError as error:
            raise DeviceError(f"the sound process cannot be started: {error.strerror}") from error
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise InternalError("Popen made no pipes")
        self._loop = asyncio.get_running_loop()
        self._decoder = RecordDecoder(wire)
        self._records: list[R] = []
        self._broken: DeviceError | None = None
        self._over = False
        self._full = False
        self._tail = b""
        self._waiter: asyncio.Future[None] | None = None
        self._pipes = (process.stdin, process.stdout, process.stderr)
        self._stdin, self._stdout, self._stderr = (pipe.fileno() for pipe in self._pipes)
        for fd in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(fd, False)
        self._loop.add_reader(self._stdout, self._on_output)
        self._loop.add_reader(self._stderr, self._on_noise)

    @property
    def pid(self) -> int:
        """The process, and the group of all it starts."""
        return self._process.pid

    async def receive(self, limit_s: float | None) -> list[R]:
        """What it has said since the last call, waiting for something; [] when it has ended.

        Cancellation loses nothing: what comes meanwhile is handed out by the next call.

        Raises:
            TimeoutError: it said nothing for ``limit_s``.
            DeviceError: what it says makes no sense.
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
            self._loop.add_reader(self._stdout, self._on_output)
        return records

    def _on_output(self) -> None:
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
            # Nobody takes them: let them wait in the pipe, and then in the sound process.
            self._full = True
            self._loop.remove_reader(self._stdout)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _on_noise(self) -> None:
        try:
            data = os.read(self._stderr, 1 << 16)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._stderr)
        self._tail = (self._tail + data)[-_TAIL_BYTES:]

    def noise(self) -> str:
        """The last lines that it or its libraries printed, as one line; "" when they were silent."""
        if not self._process.stderr or self._process.stderr.closed:
            return in_one_line(self._tail)
        self._on_noise()
        return in_one_line(self._tail)

    def kill(self) -> None:
        """End it, and what it started, at once. Idempotent; afterwards await :meth:`reaped`."""
        if self._process.stdin is None or self._process.stdin.closed:
            return
        # Not waited for yet, so its number still belongs to it, dead or alive.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._loop.remove_reader(self._stdout)
        self._loop.remove_reader(self._stderr)
        for pipe in self._pipes:
            pipe.close()
        self._over = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def reaped(self, limit_s: float) -> bool:
        """Wait until the kernel has let go of it and of the command it started.

        False when it has not after ``limit_s``: a driver hangs.
        """
        until = self._loop.time() + limit_s
        pause_s = 0.001
        while self._process.poll() is None or group_is_running(self._process.pid):
            if self._loop.time() >= until:
                return False
            await asyncio.sleep(pause_s)
            pause_s = min(0.05, pause_s * 2)
        return True


class SoundChild(PipedChild[Record]):
    """The microphone's sound process, running."""

    def __init__(self, environment: Mapping[str, str], first: Record, pass_fds: Sequence[int] = ()) -> None:
        """Start it with ``first`` (Start or ListDevices) waiting on its standard input. Needs a running loop.

        Raises:
            DeviceError: no process can be started.
        """
        super().__init__(environment, worker_command(), WIRE, pass_fds)
        self.tell(first)

    def tell(self, record: Record) -> None:
        """Hand it a command. Never waits; one that hangs or has ended does not hear it."""
        if self._over:
            return
        try:
            os.write(self._stdin, encode(record))
        except (BlockingIOError, BrokenPipeError):
            # Thousands of commands unread, or gone: whoever waits for its sound will notice there is none.
            return


def group_is_running(group: int) -> bool:
    """Whether any process of ``group`` still runs; one that is dead and only not waited for does not."""
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
    """proc(5): the state of ``process``, a letter; X (dead) when it is not of ``group``."""
    try:
        fields = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return "X"
    return fields[0] if fields[2] == str(group) else "X"


def in_one_line(printed: bytes) -> str:
    """The last lines of what libraries ``printed``, each once, without ALSA's positions and JACK's talk."""
    lines = [_POSITION.sub("ALSA: ", line.strip()) for line in printed.decode(errors="replace").splitlines()]
    telling = dict.fromkeys(line for line in lines if line and not _CHATTER.match(line))
    return "; ".join(list(telling)[-_TAIL_LINES:])
