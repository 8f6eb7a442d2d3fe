"""How much sound waits in the speaker's process, between what it says of it twice a second; no I/O."""

from __future__ import annotations

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.devices.speaker.protocol import Beat


class BufferLevel:
    """Samples that wait, as far as the daemon can tell. ``now`` is seconds on any steady clock."""

    def __init__(self) -> None:
        self._fed = self._least = 0
        self._samples = 0.0
        self._at = 0.0

    def waiting(self, now: float) -> float:
        """Samples that wait, as far as can be told."""
        return max(0.0, self._samples - (now - self._at) * VOICE_RATE_HZ)

    def fed(self, count: int, now: float) -> None:
        """So many bytes went to the process."""
        self._fed += count
        self._samples = self.waiting(now) + count / SAMPLE_BYTES
        self._at = now

    def stopped(self, unsaid: int) -> None:
        """Nothing waits any more; so many bytes never reached the process."""
        self._fed -= unsaid
        self._least = self._fed
        self._samples = 0.0

    def told(self, beat: Beat, now: float) -> None:
        """What the process says, unless it had not heard of a stop then."""
        if beat.received < self._least:
            return
        self._samples = beat.waiting + (self._fed - beat.received) / SAMPLE_BYTES
        self._at = now
