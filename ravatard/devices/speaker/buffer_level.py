"""Estimate of the sound buffered in the speaker's process, between its heartbeats; no I/O."""

from __future__ import annotations

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.devices.speaker.protocol import Heartbeat


class BufferLevel:
    """Buffered samples, as far as the daemon knows. ``now`` is seconds on any steady clock."""

    def __init__(self) -> None:
        self._fed = self._least = 0
        self._samples = 0.0
        self._at = 0.0

    def samples(self, now: float) -> float:
        """Return the estimate of buffered samples."""
        return max(0.0, self._samples - (now - self._at) * VOICE_RATE_HZ)

    def fed(self, count: int, now: float) -> None:
        """``count`` bytes were sent to the process."""
        self._fed += count
        self._samples = self.samples(now) + count / SAMPLE_BYTES
        self._at = now

    def stopped(self, unsent: int) -> None:
        """The buffer was emptied; ``unsent`` bytes never reached the process."""
        self._fed -= unsent
        self._least = self._fed
        self._samples = 0.0

    def update(self, heartbeat: Heartbeat, now: float) -> None:
        """Take the process's own figure, unless it is from before the last stop."""
        if heartbeat.received < self._least:
            return
        self._samples = heartbeat.buffered + (self._fed - heartbeat.received) / SAMPLE_BYTES
        self._at = now
