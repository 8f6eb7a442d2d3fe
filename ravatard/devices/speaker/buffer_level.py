"""Sound in the speaker's process, between its heartbeats: how much waits, and what was not played; no I/O."""

from __future__ import annotations

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.devices.speaker.protocol import Feed, Finish, Heartbeat


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


class HandedSound:
    """Records of the voices that one sound process was given and has played nothing of.

    A process that dies may have opened its device and played nothing: what it was given is for the next one.
    Of a voice that was heard nothing is kept: to repeat half a second of it would be worse than its end.

    Attributes:
        heard: the newest voice of which something was played; -1: none.
        rest: bytes of that voice that were not played at the last heartbeat.
    """

    def __init__(self) -> None:
        self.heard = -1
        self.rest = 0
        self._heard_end = 0
        #: Each with the bytes of sound that were handed on before it.
        self._records: list[tuple[Feed | Finish, int]] = []
        self._handed = self._least = 0

    def add(self, record: Feed | Finish) -> None:
        """``record`` was sent to the process."""
        if record.voice > self.heard:
            self._records.append((record, self._handed))
        if isinstance(record, Feed):
            self._handed += len(record.pcm)
            if record.voice == self.heard:
                self.rest += len(record.pcm)
                self._heard_end = self._handed

    def stopped(self, unsent: int) -> None:
        """All of it is discarded; ``unsent`` bytes never reached the process."""
        self._handed -= unsent
        self._least = self._heard_end = self._handed
        self._records.clear()
        self.rest = 0

    def update(self, heartbeat: Heartbeat) -> None:
        """Forget the voices that have begun to be played, unless the beat is from before a stop."""
        if heartbeat.received < self._least:
            return
        played = heartbeat.received - heartbeat.buffered * SAMPLE_BYTES
        for record, start in self._records:
            if isinstance(record, Feed) and start < played:
                self.heard = max(self.heard, record.voice)
        ends = [
            start + len(record.pcm)
            for record, start in self._records
            if isinstance(record, Feed) and record.voice == self.heard
        ]
        self._heard_end = max([self._heard_end, *ends])
        self.rest = max(0, self._heard_end - played)
        self._records = [each for each in self._records if each[0].voice > self.heard]

    def unplayed(self) -> list[Feed | Finish]:
        """Return the records for the next process, in their order."""
        return [record for record, _ in self._records]
