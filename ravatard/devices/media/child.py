"""The daemon's side of one decoding process: start it, feed it, read what it makes, know why it ended.

No thread: its pipes and its end are file descriptors the event loop watches.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from ravatard.errors import InternalError, MediaError

#: How long a process may take to be gone after its output ended, or after it was killed.
_GONE_S = 2.0
_READ_BYTES = 1 << 16
#: What a decoder needs beyond its libraries: a film of the largest size in memory, and its own buffers.
MEMORY_MB = 192
#: What of the daemon's environment it may see: where Python and libraries are, no settings, no secrets.
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME")


def worker_command(cpu_s: int, memory_mb: int = MEMORY_MB) -> list[str]:
    """How a decoding process is started."""
    # -P: no module is taken from whatever folder the daemon happens to run in.
    return [sys.executable, "-P", "-m", "ravatard.devices.media.worker", str(cpu_s), str(memory_mb)]


def worker_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What it finds in its environment."""
    return {name: environ[name] for name in _KEPT if name in environ}


class MediaChild:
    """One process, for one file."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it. Needs a running loop.

        Raises:
            MediaError: no process can be started.
        """
        self._loop = asyncio.get_running_loop()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=dict(environment),
                # Ctrl-C is for us.
                process_group=0,
            )
        except OSError as error:
            raise MediaError(f"the decoder cannot be started: {error.strerror}") from error
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise InternalError("Popen made no pipes")
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)
        try:
            self._exit = os.pidfd_open(process.pid)
        except OSError as error:
            process.kill()
            process.wait()
            raise MediaError(f"the decoder cannot be watched: {error.strerror}") from error

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    async def write(self, data: bytes) -> bool:
        """Hand it the next piece of the file; waits while it has enough. False: it no longer listens.

        Cancelling leaves it with a part of ``data``: nothing more may be written then.
        """
        left = memoryview(data)
        while left:
            if self._stdin.closed:
                return False
            try:
                left = left[os.write(self._stdin.fileno(), left) :]
            except BlockingIOError:
                await _ready(self._stdin.fileno(), self._loop.add_writer, self._loop.remove_writer)
            except BrokenPipeError:
                return False
        return True

    def finish(self) -> None:
        """The file is whole. Idempotent."""
        self._stdin.close()

    async def read(self) -> bytes:
        """The next sound it made, waiting for some; b"" at its end. Cancelling loses nothing."""
        while True:
            try:
                return os.read(self._stdout.fileno(), _READ_BYTES)
            except BlockingIOError:
                await _ready(self._stdout.fileno(), self._loop.add_reader, self._loop.remove_reader)

    async def verdict(self) -> str | None:
        """Why it ended, once :meth:`read` gave b""; None when all went well."""
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
            if said := os.read(self._stderr.fileno(), 1_000).decode(errors="replace").strip():
                return said
        return f"the answer's sound cannot be decoded (the decoder ended with status {code})"

    async def end(self) -> None:
        """Kill it and wait until it is gone. Idempotent; when cancelled it is dead all the same."""
        if self._exit < 0:
            return
        try:
            # Not waited for yet, so its number still belongs to it, dead or alive.
            if self._process.returncode is None:
                self._process.kill()
            await self._gone()
        finally:
            self._process.poll()
            for pipe in (self._stdin, self._stdout, self._stderr):
                pipe.close()
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
    """Returns when ``fd`` can be read, or written. Cancelling is safe."""
    woken = asyncio.Event()
    watch(fd, woken.set)
    try:
        await woken.wait()
    finally:
        unwatch(fd)
