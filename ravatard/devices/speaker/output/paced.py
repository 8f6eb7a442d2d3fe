"""Speaker output to a program or a file, which take sound at any speed: paced by the clock, as by a card."""

from __future__ import annotations

import fcntl
import os
import select
import shlex
import struct
import subprocess
import termios
import time
from collections.abc import Callable

from ravatard.core.audio.wav import wav_header
from ravatard.core.audio_format import SAMPLE_BYTES, VOICE, VOICE_RATE_HZ
from ravatard.devices.process.scheduling import Scheduling
from ravatard.devices.speaker.player import SoundPlayer
from ravatard.errors import DeviceError

#: 43 ms of sound: sound in the pipe can no longer be stopped.
_PIPE_BYTES = 4096
#: A program that takes no sound for as long as both hangs, unless the machine keeps it from running.
_STALL_MS, _AGAIN_MS = 600, 400
#: So often it is asked whether it was kept from running: for four seconds.
_MOST_STALLS = 10
#: A program whose pipe is always empty gets this much more sound: its clock may run faster than ours.
_SPEED_UP = 1e-3
#: Part of a long silence that is kept in a recording.
_KEPT_SAMPLES = VOICE_RATE_HZ
#: A program that is closed has so long to end by itself; the daemon waits for a second.
_END_S = 0.5
#: It is asked so often whether it has taken its first sound: at first, and after a second.
_LOOK_S, _LOOK_LATER_S = 0.002, 0.02
_HEADER_BYTES = len(wav_header(VOICE, 0))
#: Sizes in the header have 32 bits.
_LONGEST_WAV_BYTES = (1 << 32) - (1 << 20)


class Pace:
    """Times at which blocks are due. Never drifts; after a stall it goes on from now."""

    def __init__(
        self,
        samples: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``samples``: length of a block."""
        self.samples = samples
        self._block_s = samples / VOICE_RATE_HZ
        self._clock = clock
        self._sleep = sleep
        self._due = clock()

    def wait(self) -> None:
        """Wait until the next block is due."""
        self._due += self._block_s
        left = self._due - self._clock()
        if left > 0:
            self._sleep(left)
        elif left < -0.1:
            self._due = self._clock()

    def hurry(self) -> None:
        """Make the next block due a little sooner."""
        self._due -= self._block_s * _SPEED_UP


class CommandOutput:
    """A program that plays raw PCM from its standard input."""

    def __init__(self, command: str, period_ms: int, open_s: float = 10.0) -> None:
        """Start nothing yet.

        Args:
            command: split into words as a shell does; no shell runs.
            period_ms: length of a block.
            open_s: limit for its first sound: it may have to reach a loudspeaker before it reads.
        """
        self._command = command
        self._open_s = open_s
        self._samples = VOICE_RATE_HZ * period_ms // 1000

    def run(self, player: SoundPlayer) -> None:
        """Start it and play, until the player rests; then it ends with its standard input.

        Raises:
            DeviceError: it cannot be started, has ended, takes no sound in time, or no more of it.
        """
        try:
            # Our standard output leads to standard error by now: its output is reported if it fails.
            program = subprocess.Popen(shlex.split(self._command), stdin=subprocess.PIPE, bufsize=0)  # noqa: S603
        except (OSError, ValueError, IndexError) as error:
            raise DeviceError(f"speaker.command {self._command!r} cannot be started: {error}") from error
        if program.stdin is None:
            raise DeviceError("Popen made no pipe")
        try:
            self._play(player, program.stdin.fileno(), Scheduling(program.pid))
        except DeviceError:
            # It may hang, and hold what the next one needs.
            program.kill()
            program.wait()
            raise
        finally:
            program.stdin.close()
            try:
                program.wait(_END_S)
            except subprocess.TimeoutExpired:
                # It must not hold the device when the next one opens it.
                program.kill()
                program.wait()

    def _play(self, player: SoundPlayer, fd: int, scheduling: Scheduling) -> None:
        os.set_blocking(fd, False)
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        silence = bytes(self._samples * SAMPLE_BYTES)
        self._write(fd, poll, silence, scheduling)
        self._wait_until_taken(player, fd, poll)
        player.opened(f"command {self._command}", 0.0)
        pace = Pace(self._samples)
        while not player.rests:
            pace.wait()
            if player.skip_silence(self._samples):
                pcm = silence
                in_pipe = 1
            else:
                in_pipe = _bytes_in(fd)
                pcm = player.pull(self._samples, in_pipe / SAMPLE_BYTES / VOICE_RATE_HZ) or silence
            if not in_pipe:
                pace.hurry()
            self._write(fd, poll, pcm, scheduling)

    def _write(self, fd: int, poll: select.poll, pcm: bytes, scheduling: Scheduling) -> None:
        at = 0
        while at < len(pcm):
            try:
                at += os.write(fd, memoryview(pcm)[at:])
            except BlockingIOError:
                if not poll.poll(_STALL_MS):
                    self._wait_for_room(poll, scheduling)
                else:
                    # A pipe with room for less than a page is full for write, but not for poll.
                    time.sleep(0.001)
            except BrokenPipeError as error:
                raise DeviceError(f"speaker.command {self._command!r} ended by itself") from error

    def _wait_until_taken(self, player: SoundPlayer, fd: int, poll: select.poll) -> None:
        """Wait until the program has begun to read: it is not open before, and what is played before is late.

        Raises:
            DeviceError: it has ended, or takes too long.
        """
        began = time.monotonic()
        while _bytes_in(fd):
            waited_s = time.monotonic() - began
            if any(event & select.POLLERR for _, event in poll.poll(0)):
                raise DeviceError(f"speaker.command {self._command!r} ended by itself")
            if waited_s > self._open_s:
                raise DeviceError(
                    f"speaker.command {self._command!r} has taken no sound within {self._open_s:g} s of its "
                    "start; raise speaker.open_s if it needs longer"
                )
            if player.rests and waited_s > 1.0:
                return
            time.sleep(_LOOK_S if waited_s < 1.0 else _LOOK_LATER_S)

    def _wait_for_room(self, poll: select.poll, scheduling: Scheduling) -> None:
        """Wait on while the machine is too busy to run the program.

        Raises:
            DeviceError: it runs, and takes no sound.
        """
        scheduling.is_starved()
        for _ in range(_MOST_STALLS):
            if poll.poll(_AGAIN_MS):
                return
            if not scheduling.is_starved():
                break
        raise DeviceError(f"speaker.command {self._command!r} has taken no sound for a second")


def _bytes_in(fd: int) -> int:
    """Return the bytes in a pipe."""
    return int(struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))[0])


class WavOutput:
    """A recording of the sound, a complete WAV file after every block."""

    def __init__(self, path: str, period_ms: int, *, fresh: bool) -> None:
        """``fresh``: begin a new file; otherwise continue at its end."""
        self._path = path
        self._samples = VOICE_RATE_HZ * period_ms // 1000
        self._fresh = fresh
        self._bytes = 0
        self._silent = 0

    def run(self, player: SoundPlayer) -> None:
        """Record, until the player rests.

        Raises:
            DeviceError: the file cannot be written.
        """
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                self._record(fd, player)
            finally:
                os.close(fd)
        except OSError as error:
            raise DeviceError(f"the recording {self._path} cannot be written: {error.strerror}") from error

    def _record(self, fd: int, player: SoundPlayer) -> None:
        self._begin(fd)
        player.opened(f"recording {self._path}", 0.0)
        pace = Pace(self._samples)
        while not player.rests:
            pace.wait()
            if player.skip_silence(self._samples):
                self._append(fd, None)
            else:
                self._append(fd, player.pull(self._samples, 0.0))
        # Opened again, it goes on at its end.
        self._fresh = False

    def _begin(self, fd: int) -> None:
        if self._fresh:
            os.ftruncate(fd, 0)
        self._bytes = max(0, os.fstat(fd).st_size - _HEADER_BYTES) & ~1
        os.pwrite(fd, wav_header(VOICE, self._bytes), 0)

    def _append(self, fd: int, pcm: bytes | None) -> None:
        self._silent = self._silent + self._samples if pcm is None else 0
        if self._silent > _KEPT_SAMPLES or self._bytes > _LONGEST_WAV_BYTES:
            return
        self._bytes += os.pwrite(fd, pcm or bytes(self._samples * SAMPLE_BYTES), _HEADER_BYTES + self._bytes)
        os.pwrite(fd, wav_header(VOICE, self._bytes), 0)
