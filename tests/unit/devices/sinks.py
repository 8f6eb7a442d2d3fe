"""A sink that keeps what a source hands it, with its own clock and a world that happens while it waits."""

from __future__ import annotations

import os
from collections.abc import Callable

from ravatard.core.audio_format import AudioFormat
from ravatard.core.events import MicrophoneEnded, MicrophoneLost
from ravatard.devices.microphone.protocol import SourceFailed


class EnoughError(Exception):
    """The test has seen what it wanted to see."""


class FakeSink:
    """Where a source's sound goes.

    Attributes:
        heard: (when, sound) of every block.
        reported: changes of the source that were reported.
        waits: (seconds, whether the source's pipe was waited for) of every wait.
        device: what was opened.
        shape: what it delivers.
    """

    def __init__(self, enough_s: float = 10.0) -> None:
        """Raises :class:`EnoughError` in a wait that would go beyond ``enough_s``."""
        self.attentive = False
        self.heard: list[tuple[float, bytes]] = []
        self.reported: list[MicrophoneEnded | MicrophoneLost | SourceFailed] = []
        self.waits: list[tuple[float | None, bool]] = []
        self.overruns = 0
        self.device = ""
        self.shape: AudioFormat | None = None
        self._now = 0.0
        self._enough_s = enough_s
        self._plan: list[tuple[float, Callable[[], object], bool]] = []

    def happens(self, at_s: float, what: Callable[[], object]) -> None:
        """Let ``what`` happen at ``at_s``; it wakes whoever waits, as a command does."""
        self._plan.append((at_s, what, True))

    def written(self, at_s: float, fd: int, data: bytes) -> None:
        """Let somebody write ``data`` into the pipe ``fd`` at ``at_s``; b"" closes it."""
        self._plan.append((at_s, (lambda: _write(fd, data)), False))

    def now(self) -> float:
        return self._now

    def opened(self, device: str, shape: AudioFormat) -> None:
        self.device, self.shape = device, shape

    def write(self, pcm: bytes, read_at: float, overran: bool = False, age_s: float | None = None) -> None:
        self.heard.append((round(read_at, 6), pcm))
        self.overruns += overran

    def report(self, record: MicrophoneEnded | MicrophoneLost | SourceFailed) -> None:
        self.reported.append(record)

    def wait(self, seconds: float | None, fd: int | None = None) -> bool:
        self.waits.append((None if seconds is None else round(seconds, 6), fd is not None))
        until = float("inf") if seconds is None else self._now + seconds
        if fd is not None and _readable(fd):
            return True
        for entry in sorted(self._plan, key=lambda each: each[0]):
            at_s, what, wakes = entry
            if at_s > until:
                break
            self._now = max(self._now, at_s)
            self._plan.remove(entry)
            what()
            if wakes:
                return False
            if fd is not None:
                return True
        if until > self._enough_s:
            raise EnoughError
        self._now = until
        return False


def _write(fd: int, data: bytes) -> None:
    if data:
        os.write(fd, data)
    else:
        os.close(fd)


def _readable(fd: int) -> bool:
    import select

    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))
