"""An answer that comes while the speaker is being opened: kept for a moment, and heard whole; no I/O."""

from __future__ import annotations

from ravatard.core.audio.playout import LONGEST_SAMPLES
from ravatard.core.audio_format import SAMPLE_BYTES
from ravatard.devices.speaker.protocol import Feed, Finish

#: A device that is there opens in less. Later than this an answer would be heard after its moment.
PATIENCE_S = 2.0


class PreopenBuffer:
    """Sound for a device that is not open yet. ``now`` is seconds on any steady clock."""

    def __init__(self) -> None:
        self._live = -1
        self._hopeful = True
        self._records: list[Feed | Finish] = []
        self._bytes = 0
        self._until: float | None = None

    def left_s(self, now: float) -> float:
        """How long there is still hope for what waits; 0.0 when nothing waits."""
        return max(0.0, self._until - now) if self._until is not None and self._records else 0.0

    def begin(self, voice: int, *, live: bool) -> None:
        """A voice follows; what comes live is not kept."""
        if live:
            self._live = voice

    def put(self, record: Feed | Finish, now: float) -> int:
        """Keep this, unless the device is missing or what came with it has waited too long.

        Returns:
            Samples that were not kept and should have been.
        """
        if not self._hopeful or record.voice == self._live:
            return 0
        size = len(record.pcm) if isinstance(record, Feed) else 0
        if self._until is None:
            self._until = now + PATIENCE_S
        if now >= self._until or self._bytes + size > LONGEST_SAMPLES * SAMPLE_BYTES:
            if now >= self._until:
                self._records.clear()
            return size // SAMPLE_BYTES
        self._records.append(record)
        self._bytes += size
        return 0

    def take(self, now: float) -> list[Feed | Finish]:
        """The device is open: what is to be played, if it is not too late."""
        self._hopeful = True
        records = self._records if self._until is not None and now < self._until else []
        self.clear()
        return records

    def give_up(self) -> None:
        """The device is not there; until it is, nothing waits for it."""
        self._hopeful = False
        self.clear()

    def clear(self) -> None:
        """Forget it; what comes next may wait anew."""
        self._records = []
        self._bytes = 0
        self._until = None
