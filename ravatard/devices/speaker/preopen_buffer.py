"""Buffer for an answer that arrives while the speaker is being opened, so that it is played whole; no I/O."""

from __future__ import annotations

from ravatard.core.audio.playout import LONGEST_SAMPLES
from ravatard.core.audio_format import SAMPLE_BYTES
from ravatard.devices.speaker.protocol import Feed, Finish

#: A device that is there opens in less. Later than this an answer would come too late for the conversation.
LIMIT_S = 2.0


class PreopenBuffer:
    """Sound for a device that is not open yet. ``now`` is seconds on any steady clock."""

    def __init__(self) -> None:
        self._live = -1
        self._may_open = True
        self._records: list[Feed | Finish] = []
        self._bytes = 0
        self._until: float | None = None

    def left_s(self, now: float) -> float:
        """Return how much longer the buffered sound may wait; 0.0 if there is none."""
        return max(0.0, self._until - now) if self._until is not None and self._records else 0.0

    def begin(self, voice: int, *, live: bool) -> None:
        """A voice follows; live sound is not kept."""
        if live:
            self._live = voice

    def put(self, record: Feed | Finish, now: float) -> int:
        """Keep ``record``, unless the device is missing or the buffered sound has waited too long.

        Returns:
            Samples that should have been kept and were not.
        """
        if not self._may_open or record.voice == self._live:
            return 0
        size = len(record.pcm) if isinstance(record, Feed) else 0
        if self._until is None:
            self._until = now + LIMIT_S
        if now >= self._until or self._bytes + size > LONGEST_SAMPLES * SAMPLE_BYTES:
            if now >= self._until:
                self._records.clear()
            return size // SAMPLE_BYTES
        self._records.append(record)
        self._bytes += size
        return 0

    def take(self, now: float) -> list[Feed | Finish]:
        """The device is open; return the records to play, none if it is too late for them."""
        self._may_open = True
        records = self._records if self._until is not None and now < self._until else []
        self.clear()
        return records

    def give_up(self) -> None:
        """The device is not there; until it is, nothing is kept."""
        self._may_open = False
        self.clear()

    def clear(self) -> None:
        """Discard all; later sound may wait again."""
        self._records = []
        self._bytes = 0
        self._until = None
