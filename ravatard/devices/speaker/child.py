"""The daemon's side of the speaker's sound process: every command arrives, and a stop overtakes sound."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from typing import Protocol

from ravatard.devices.process.child import PipedChild
from ravatard.devices.process.environment import Child
from ravatard.devices.process.piped import sound_command
from ravatard.devices.speaker.protocol import PROTOCOL, Feed, Play, PlayRecord, encode


class PlayingChild(Child[PlayRecord], Protocol):
    """A speaker's sound process; :class:`SpeakerChild` is one."""

    def discard_unsent(self) -> int:
        """Discard sound that was not sent yet; return its bytes."""
        ...


class SpeakerChild(PipedChild[PlayRecord]):
    """The speaker's sound process, running."""

    def __init__(self, environ: Mapping[str, str], first: Play) -> None:
        """Start it with ``first`` waiting on its standard input. Needs a running loop.

        Raises:
            DeviceError: no process can be started.
        """
        fds = () if first.echo_fd is None else (first.echo_fd,)
        super().__init__(environ, sound_command("ravatard.devices.speaker.worker"), PROTOCOL, fds)
        #: Encoded records that the pipe has not taken, each with the bytes of sound in it.
        self._backlog: deque[tuple[bytes, int]] = deque()
        self._written = 0
        self._watching = False
        self.send(first)

    def send(self, record: PlayRecord) -> None:
        """Send it a command, in order. Never waits: data that the pipe does not take now follow later.

        The caller bounds how much may wait.
        """
        if self._over:
            return
        sound = len(record.pcm) if isinstance(record, Feed) else 0
        self._backlog.append((encode(record), sound))
        if not self._watching:
            self._write()

    def discard_unsent(self) -> int:
        """Discard the sound that the pipe has not taken; return its bytes."""
        begun = [self._backlog.popleft()] if self._written else []
        dropped = sum(sound for _, sound in self._backlog)
        self._backlog = deque([*begun, *(each for each in self._backlog if not each[1])])
        return dropped

    def kill(self) -> None:
        """End it, and the processes it started, at once."""
        self._backlog.clear()
        self._watch(False)
        super().kill()

    def _write(self) -> None:
        while self._backlog:
            data, _ = self._backlog[0]
            try:
                self._written += os.write(self._stdin, memoryview(data)[self._written :])
            except BlockingIOError:
                break
            except BrokenPipeError:
                # The supervisor notices the end of the process by its output.
                self._backlog.clear()
                self._written = 0
                break
            if self._written == len(data):
                self._backlog.popleft()
                self._written = 0
        self._watch(bool(self._backlog))

    def _watch(self, watch: bool) -> None:
        """Watch for room in the pipe, or stop watching."""
        if watch is not self._watching:
            self._watching = watch
            if watch:
                self._loop.add_writer(self._stdin, self._write)
            else:
                self._loop.remove_writer(self._stdin)
