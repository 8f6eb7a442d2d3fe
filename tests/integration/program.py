"""The installed ``ravatard`` as a real process: started, read, signalled, and ended whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

RAVATARD = Path(sysconfig.get_path("scripts")) / "ravatard"
#: Begins a command that is to heed Ctrl-C. Started in the background of a shell, or by cron, the tests ignore
#: SIGINT, and what they start inherits that; Python leaves it so.
HEEDING_CTRL_C = ("env", "--default-signal=INT")
#: What the surroundings of the tests may have set and no process under test may see.
_NOT_INHERITED = (
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "JOURNAL_STREAM",
    "INVOCATION_ID",
    "STATE_DIRECTORY",
)
_LOOK_EVERY_S = 0.01
#: How long anything may take that is not the point of a test; machines are noisy.
PATIENCE_S = 30.0


class _Output:
    """One standard stream of a process, read by the event loop as it comes.

    Attributes:
        text: all that came.
        theirs: the end for the process.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._data = bytearray()
        self._ours, self.theirs = os.pipe()
        os.set_blocking(self._ours, False)
        loop.add_reader(self._ours, self.read)

    @property
    def text(self) -> str:
        return self._data.decode()

    def read(self) -> None:
        """Take what is there."""
        while self._ours >= 0:
            try:
                data = os.read(self._ours, 1 << 16)
            except BlockingIOError:
                return
            self._data += data
            if not data:
                self.close()

    def close(self) -> None:
        """Read no more. Idempotent."""
        if self._ours >= 0:
            self._loop.remove_reader(self._ours)
            os.close(self._ours)
            self._ours = -1


class Program:
    """One run of ``ravatard``, from ``async with`` to its end; nothing it started outlives that.

    Attributes:
        pid: the process.
        started_at: when, on the loop's clock.
    """

    def __init__(
        self, *words: str, environ: Mapping[str, str] | None = None, launcher: Sequence[str] = ()
    ) -> None:
        """``words`` follow ``ravatard``, ``launcher`` goes before it, ``environ`` adds to our environment."""
        self._words = [*HEEDING_CTRL_C, *launcher, str(RAVATARD), *words]
        self._environ = {
            name: value
            for name, value in os.environ.items()
            if name not in _NOT_INHERITED and not name.startswith(("RAVATARD_", "GPIOZERO_", "PYTHON"))
        } | dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: set[int] = set()
        self.pid = 0
        self.started_at = 0.0

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        # Pipes of our own: their ends are known before the process is, which JOURNAL_STREAM needs.
        self._stdout, self._stderr = _Output(self._loop), _Output(self._loop)
        try:
            self.started_at = self.now
            self._process = subprocess.Popen(  # noqa: ASYNC220 - forking takes milliseconds
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=self._stdout.theirs,
                stderr=self._stderr.theirs,
                env=self._environ | self._more_environ(self._stderr.theirs),
            )
        finally:
            os.close(self._stdout.theirs)
            os.close(self._stderr.theirs)
        self.pid = self._process.pid
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self.offspring()
        self._process.kill()
        self._process.wait()
        for pid in self.orphans():
            os.kill(pid, signal.SIGKILL)
        self._stdout.close()
        self._stderr.close()

    def _more_environ(self, stderr: int) -> dict[str, str]:
        """What is known only now; ``stderr`` is the end the process will write to."""
        del stderr
        return {}

    @property
    def now(self) -> float:
        """The loop's clock, which is the system's monotonic one."""
        return self._loop.time()

    # ------------------------------------------------------------------ what it says

    @property
    def stdout(self) -> str:
        """All it printed."""
        return self._stdout.text

    @property
    def stderr(self) -> str:
        """All it complained of, or logged."""
        return self._stderr.text

    def story(self) -> str:
        """All that may explain a failure."""
        return f"status {self.status}; stdout:\n{self.stdout}\nstderr:\n{self.stderr}"

    # ------------------------------------------------------------------ what is done to it

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def close_stdout(self) -> None:
        """Close our end of its standard output, as a pager does that was left."""
        self._stdout.close()

    @property
    def status(self) -> int | None:
        """Its exit status, minus the number of the signal that ended it, or None while it runs."""
        assert self._process is not None
        return self._process.poll()

    async def until(self, condition: Callable[[], T], what: str, within_s: float = PATIENCE_S) -> T:
        """Wait until ``condition`` is true, and return what it is then; the program must go on running.

        Raises:
            AssertionError: it is not true within ``within_s``, or can no longer become so.
        """

        def looked() -> T:
            value = condition()
            assert value or self.status is None, f"ended while waiting for: {what}\n{self.story()}"
            return value

        return await until(looked, what, within_s, self.story)

    async def ended(self, within_s: float = PATIENCE_S) -> int:
        """Wait for its end and for the last of its output; returns the exit status.

        Raises:
            AssertionError: it is still running after ``within_s``.
        """

        def over() -> bool:
            # Whom it started can no longer be found once it is gone.
            self.offspring()
            return self.status is not None

        await until(over, "its end", within_s, self.story)
        status = self.status
        assert status is not None
        self._stdout.read()
        self._stderr.read()
        return status

    # ------------------------------------------------------------------ what it starts

    def offspring(self) -> list[int]:
        """The processes it started, and those they started. All that were ever seen are ended with it."""
        found = list(_descendants(self.pid))
        self._seen.update(found)
        return found

    def orphans(self) -> list[int]:
        """The processes seen among its offspring that still run."""
        return [pid for pid in self._seen if alive(pid)]


async def until(
    condition: Callable[[], T], what: str, within_s: float = PATIENCE_S, story: Callable[[], str] = str
) -> T:
    """Wait until ``condition`` is true, and return what it is then.

    Raises:
        AssertionError: it is not true within ``within_s``; ``story`` may explain why.
    """
    try:
        async with asyncio.timeout(within_s):
            # Another process, /proc and a server's record have no event to wait for.
            while not (value := condition()):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_EVERY_S)
            return value
    except TimeoutError:
        raise AssertionError(f"not within {within_s:g} s: {what}\n{story()}") from None


def alive(pid: int) -> bool:
    """Whether a process runs; one that is over and not yet waited for does not."""
    return _state(pid) not in ("", "Z", "X")


def command_line(pid: int) -> str:
    """What anybody on the machine can see of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _stat(pid: int) -> list[str]:
    """proc(5), /proc/pid/stat from the state on; [] when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid: int) -> str:
    return next(iter(_stat(pid)), "")


def _descendants(pid: int) -> Iterator[int]:
    parents = {int(one.name): _stat(int(one.name)) for one in Path("/proc").iterdir() if one.name.isdecimal()}
    wanted = [pid]
    while wanted:
        parent = str(wanted.pop())
        for child, stat in parents.items():
            if len(stat) > 1 and stat[1] == parent and stat[0] not in "ZX":
                yield child
                wanted.append(child)
