"""The daemon's side of one decoding process: start, input, output, and the reason of its end.

No thread: the event loop watches the file descriptors of its pipes and of its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence

from ravatard.devices.process.piped import PipedProcess, module_command
from ravatard.errors import MediaError

#: Limit for a process to be gone after its output ended, or after it was killed.
_GONE_S = 2.0
_READ_BYTES = 1 << 16
#: Memory of a decoder beyond its libraries: a film of the largest size, and its own buffers.
MEMORY_MB = 192
#: Environment variables that it may see: the places of Python and libraries, no settings, no secrets.
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME")


def worker_command(cpu_s: int, memory_mb: int = MEMORY_MB) -> list[str]:
    """Return the command that starts a decoding process."""
    return module_command("ravatard.devices.media.worker", str(cpu_s), str(memory_mb))


def worker_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a decoding process, out of the daemon's."""
    return {name: environ[name] for name in _KEPT if name in environ}


class MediaChild:
    """One decoding process, for one file."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start it. Needs a running loop.

        Raises:
            MediaError: no process can be started.
        """
        self._loop = asyncio.get_running_loop()
        try:
            self._piped = PipedProcess(command, environ)
        except OSError as error:
            raise MediaError(f"the decoder cannot be started: {error.strerror}") from error
        self._process = self._piped.process
        try:
            self._exit = os.pidfd_open(self._process.pid)
        except OSError as error:
            self._process.kill()
            self._process.wait()
            raise MediaError(f"the decoder cannot be watched: {error.strerror}") from error

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self._process.poll() is None

    async def write(self, data: bytes) -> bool:
        """Send it the next piece of the file, waiting for room; return False if it takes no more.

        Cancelling leaves it with a part of ``data``: nothing more may be written then.
        """
        left = memoryview(data)
        while left:
            if self._piped.stdin.closed:
                return False
            try:
                left = left[os.write(self._piped.stdin.fileno(), left) :]
            except BlockingIOError:
                await _ready(self._piped.stdin.fileno(), self._loop.add_writer, self._loop.remove_writer)
            except BrokenPipeError:
                return False
        return True

    def finish(self) -> None:
        """The file is complete. Idempotent."""
        self._piped.stdin.close()

    async def read(self) -> bytes:
        """Return the next decoded sound, waiting for some; b"" at its end. Cancelling loses nothing."""
        while True:
            try:
                return os.read(self._piped.stdout.fileno(), _READ_BYTES)
            except BlockingIOError:
                await _ready(self._piped.stdout.fileno(), self._loop.add_reader, self._loop.remove_reader)

    async def failure(self) -> str | None:
        """Return the reason of its end, once :meth:`read` returned b""; None if all went well."""
        if not await self._gone():
            return "the answer's sound cannot be decoded (the decoder does not end)"
        code = self._process.returncode
        if code == 0:
            return None
        if code == -signal.SIGXCPU:
            return "the answer's sound cannot be decoded (it takes the decoder too long)"
        if code < 0:
            return f"the answer's sound cannot be decoded (the decoder crashed with signal {-code})"
        with contextlib.suppress(BlockingIOError):
            if reason := os.read(self._piped.stderr.fileno(), 1_000).decode(errors="replace").strip():
                return reason
        return f"the answer's sound cannot be decoded (the decoder ended with status {code})"

    async def end(self) -> None:
        """Kill it and wait until it is gone. Idempotent; if cancelled it is killed all the same."""
        if self._exit < 0:
            return
        try:
            # Not waited for yet, so its number still belongs to it, dead or alive.
            if self._process.returncode is None:
                self._process.kill()
            await self._gone()
        finally:
            self._process.poll()
            self._piped.close_pipes()
            os.close(self._exit)
            self._exit = -1

    async def _gone(self) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GONE_S):
                while self._process.poll() is None:
                    await _ready(self._exit, self._loop.add_reader, self._loop.remove_reader)
        return self._process.poll() is not None


async def _ready(
    fd: int, watch: Callable[[int, Callable[[], None]], object], unwatch: Callable[[int], object]
) -> None:
    """Wait until ``fd`` can be read, or written. Cancelling is safe."""
    woken = asyncio.Event()
    watch(fd, woken.set)
    try:
        await woken.wait()
    finally:
        unwatch(fd)
