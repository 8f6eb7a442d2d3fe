"""Microphone sources in other programs: the output of a command, or a FIFO."""

from __future__ import annotations

import os
import shlex
import signal
import stat
from typing import NoReturn

from ravatard.core.audio.microphone_events import MicrophoneLost
from ravatard.devices.microphone.options import CaptureOptions
from ravatard.devices.microphone.source import Sink
from ravatard.errors import DeviceError

#: A source that has delivered sound and then delivers none for this long is stuck. Shorter than the daemon's
#: own limit, so that the daemon gets the reason instead of only noticing silence.
STALL_S = 0.7
#: A command may take longer for its first sound: it may have to open a device or a connection.
FIRST_SOUND_S = 8.0
#: Most blocks read at once: after a stall we catch up quickly, but not in a single read.
_MOST_BLOCKS = 8


def split_command(command: str) -> list[str]:
    """Split ``command`` into words as a shell does.

    Raises:
        DeviceError: there are no words, or a quotation does not end.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise DeviceError(f"microphone.command {command!r} cannot be split into words: {error}") from error
    if not words:
        raise DeviceError("microphone.command is empty; name a program that writes raw PCM, or unset it")
    return words


class CommandSource:
    """A program that writes raw PCM to its standard output."""

    def __init__(self, command: str, capture: CaptureOptions) -> None:
        """Start the program of ``command``, without a shell.

        It stays in the sound process's group: killing the group ends the program and its subprocesses.

        Raises:
            DeviceError: it cannot be started.
        """
        self._capture = capture
        self._words = words = split_command(command)
        self._fd, theirs = os.pipe()
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            self._pid = os.posix_spawnp(
                words[0],
                words,
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, theirs, 1)],
                # Python ignores SIGPIPE, and we SIGINT and SIGTERM; a program expects the defaults.
                setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM],
            )
        except OSError as error:
            raise DeviceError(
                f"microphone.command cannot start {words[0]!r}: {error.strerror}; check its spelling and "
                "that it is installed"
            ) from error
        finally:
            os.close(theirs)
            os.close(null)

    def run(self, sink: Sink) -> NoReturn:
        """Deliver the program's output.

        Raises:
            DeviceError: it ended, or delivers nothing.
        """
        sink.opened(f"command {self._words[0]}", self._capture.format)
        reader = PipeReader(self._fd, self._capture)
        has_sound = False
        while True:
            pcm = reader.read(sink, STALL_S if has_sound else FIRST_SOUND_S)
            if pcm is None:
                limit = STALL_S if has_sound else FIRST_SOUND_S
                raise DeviceError(f"microphone.command {self._words[0]!r} delivered no sound for {limit:g} s")
            if not pcm:
                raise DeviceError(f"microphone.command {self._words[0]!r} {self._ending(sink)}")
            has_sound = True
            sink.write(pcm, sink.now())

    def _ending(self, sink: Sink) -> str:
        """Return in words how the program ended. Its output is closed, so it has ended or is about to."""
        until = sink.now() + 0.3
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                return f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
            if sink.now() >= until:
                return "closed its output"
            sink.wait(0.02)


class FifoSource:
    """A FIFO that other programs write raw PCM into; writers may come and go."""

    def __init__(self, path: str, capture: CaptureOptions) -> None:
        """Open ``path``.

        Raises:
            DeviceError: there is no such path, or it is no FIFO.
        """
        self._capture = capture
        self._path = path
        try:
            # Read and write: without writers of its own a FIFO is at its end again and again.
            self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            made = f"`mkfifo {shlex.quote(path)}`"
            raise DeviceError(
                f"microphone.fifo {path} cannot be opened: {error.strerror}; create it with {made}"
            ) from error
        if not stat.S_ISFIFO(os.fstat(self._fd).st_mode):
            os.close(self._fd)
            raise DeviceError(f"microphone.fifo {path} is not a FIFO; create one with `mkfifo`")

    def run(self, sink: Sink) -> NoReturn:
        """Deliver what is written; wait without limit while there is no writer."""
        sink.opened(f"FIFO {self._path}", self._capture.format)
        reader = PipeReader(self._fd, self._capture)
        while True:
            pcm = reader.read(sink, STALL_S)
            if pcm:
                sink.write(pcm, sink.now())
                continue
            sink.report(MicrophoneLost(f"no program writes into the FIFO {self._path}"))
            # The next writer starts with a whole frame, whatever the last one left behind.
            reader = PipeReader(self._fd, self._capture)
            while not sink.wait(None, self._fd):
                pass


class PipeReader:
    """Reads blocks of whole frames from a pipe, with as few wake-ups as possible.

    While it is quiet, it waits only for commands, for the length of one long block; then it reads all data at
    once, however small the pieces in which they were written. In speech each piece wakes the process.
    """

    def __init__(self, fd: int, capture: CaptureOptions) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._shape = capture.format
        self._quiet_s = capture.quiet_block_ms / 1000
        self._speech_s = capture.speech_block_ms / 1000
        self._most = _MOST_BLOCKS * capture.format.bytes_for(capture.quiet_block_ms)
        self._rest = b""
        self._read_at: float | None = None
        self._quiet_due = self._speech_due = 0.0
        self._small_pieces = False

    def read(self, sink: Sink, stall_s: float) -> bytes | None:
        """Return the next block; b"" at the end of the pipe; None if nothing came for ``stall_s``."""
        stalled_at = (sink.now() if self._read_at is None else self._read_at) + stall_s
        woken = False
        while True:
            now = sink.now()
            due = self._speech_due if sink.attentive else self._quiet_due
            if due > now:
                # Returns early for a command, which may have made the gate attentive.
                sink.wait(due - now)
                continue
            pcm = self._take()
            if pcm is not None:
                self._plan(len(pcm), sink.now(), woken=woken)
                return pcm
            if now >= stalled_at:
                return None
            woken = sink.wait(stalled_at - now, self._fd)

    def _plan(self, count: int, now: float, *, woken: bool) -> None:
        """Set the next times to read, after ``count`` bytes were read."""
        self._read_at = now
        self._quiet_due = now + self._quiet_s
        if woken:
            # The piece that woke us is as long as it was written. Small pieces are left to accumulate.
            self._small_pieces = count < self._shape.bytes_for(self._speech_s * 1000)
        self._speech_due = now + self._speech_s if self._small_pieces else now

    def _take(self) -> bytes | None:
        """Return the whole frames that are there now; b"" at the end; None if there are none yet."""
        try:
            data = os.read(self._fd, self._most)
        except BlockingIOError:
            return None
        if not data:
            return b""
        data = self._rest + data
        whole = len(data) - len(data) % self._shape.frame_bytes
        self._rest = data[whole:]
        return data[:whole] or None
