"""The daemon's side of the speaker's process: nothing told is lost, and a stop overtakes sound."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Mapping

from ravatard.devices.process.child import PipedChild
from ravatard.devices.speaker.protocol import WIRE, Feed, Play, PlayRecord, encode


def speaker_command() -> list[str]:
    """How the process is started."""
    return [sys.executable, "-P", "-m", "ravatard.devices.speaker.worker"]


class SpeakerChild(PipedChild[PlayRecord]):
    """The speaker's sound process, running."""

    def __init__(self, environment: Mapping[str, str], first: Play) -> None:
        """Start it with ``first`` waiting on its standard input. Needs a running loop.

        Raises:
            DeviceError: no process can be started.
        """
        fds = () if first.echo_fd is None else (first.echo_fd,)
        super().__init__(environment, speaker_command(), WIRE, fds)
        self._backlog: deque[tuple[bytes, int]] = deque()
        self._written = 0
        self._waits = False
        self.tell(first)

    def tell(self, record: PlayRecord) -> None:
        """Hand it a command, in order. Never waits: what the pipe does not take now goes later.

        How much may wait is the caller's to bound.
        """
        if self._over:
            return
        sound = len(record.pcm) if isinstance(record, Feed) else 0
        self._backlog.append((encode(record), sound))
        if not self._waits:
            self._write()

    def unsaid(self) -> int:
        """Take back the sound that the pipe has not taken; how many bytes of it that was."""
        begun = [self._backlog.popleft()] if self._written else []
        dropped = sum(sound for _, sound in self._backlog)
        self._backlog = deque([*begun, *(each for each in self._backlog if not each[1])])
        return dropped

    def kill(self) -> None:
        """End it, and what it started, at once."""
        self._backlog.clear()
        self._wait(False)
        super().kill()

    def _write(self) -> None:
        while self._backlog:
            data, _ = self._backlog[0]
            try:
                self._written += os.write(self._stdin, memoryview(data)[self._written :])
            except BlockingIOError:
                break
            except BrokenPipeError:
                # Whoever waits for what it says notices that it has ended.
                self._backlog.clear()
                self._written = 0
                break
            if self._written == len(data):
                self._backlog.popleft()
                self._written = 0
        self._wait(bool(self._backlog))

    def _wait(self, waits: bool) -> None:
        if waits is not self._waits:
            self._waits = waits
            if waits:
                self._loop.add_writer(self._stdin, self._write)
            else:
                self._loop.remove_writer(self._stdin)
