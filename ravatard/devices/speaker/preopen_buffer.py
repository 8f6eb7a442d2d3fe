"""Buffer for an answer that arrives while the speaker is being opened, so that it is played whole; no I/O."""

from __future__ import annotations

import math

from ravatard.core.audio.playout import LONGEST_SAMPLES
from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.core.states import Earcon
from ravatard.devices.speaker.protocol import Feed, Finish, SoundEarcon

#: A device that is there opens in less. Later than this an answer would come too late for the conversation.
LIMIT_S = 2.0
#: A speaker that slept was there, and is tried again while another program has it. Below the ten seconds
#: after which an answer is given up (:data:`ravatard.stages.playback.ROOM_S`).
PATIENT_S = 8.0
#: An earcon that answers a press of longer ago would be taken for the answer to the next.
EARCON_S = 1.0


#: Reasons of voices that are lost here.
LATE = "the speaker did not open in time"
MISSING = "there is no speaker"
FULL = f"more than {LONGEST_SAMPLES // VOICE_RATE_HZ} s of sound waited for the speaker"


class PreopenBuffer:
    """Sound for a device that is not open yet. ``now`` is seconds on any steady clock.

    A device may open and be lost before it plays: until :meth:`played` the time that sound may wait goes on.
    """

    def __init__(self) -> None:
        self._live = -1
        self._may_open = True
        self._records: list[Feed | Finish] = []
        self._bytes = 0
        self._until: float | None = None
        self._cued: tuple[SoundEarcon, float] | None = None
        self._patient_until = -math.inf
        self._lost: dict[int, str] = {}

    def be_patient(self, now: float) -> None:
        """The device, which was open before, is being opened again: wait longer for it."""
        self._may_open = True
        self._patient_until = now + PATIENT_S
        if not self._records:
            self._until = None

    def left_s(self, now: float) -> float:
        """Return how much longer the buffered sound may wait; 0.0 if there is none."""
        return max(0.0, self._until - now) if self._until is not None and self._records else 0.0

    def begin(self, voice: int, *, live: bool) -> None:
        """A voice follows; a live one is kept for a device that slept, and for no longer than LIMIT_S."""
        if live:
            self._live = voice

    def put(self, record: Feed | Finish, now: float) -> int:
        """Keep ``record``, unless the device is missing or the buffered sound has waited too long.

        Returns:
            Samples that should have been kept and were not.
        """
        is_live = record.voice == self._live
        if is_live and now >= self._patient_until:
            return 0
        if not self._may_open:
            self._lose([record], MISSING)
            return 0
        size = len(record.pcm) if isinstance(record, Feed) else 0
        if self._until is None:
            self._until = now + LIMIT_S if is_live else max(now + LIMIT_S, self._patient_until)
        if now >= self._until or self._bytes + size > LONGEST_SAMPLES * SAMPLE_BYTES:
            self.expire(now)
            self._lose([record], LATE if now >= self._until else FULL)
            return size // SAMPLE_BYTES
        self._records.append(record)
        self._bytes += size
        return 0

    def cue(self, earcon: Earcon, now: float) -> None:
        """Keep ``earcon``, the newest one alone, for a device that was asleep."""
        if now < self._patient_until:
            self._cued = SoundEarcon(earcon), now

    def take(self, now: float) -> list[Feed | Finish | SoundEarcon]:
        """The device is open; return the records to play, none if it is too late for them."""
        cued, self._cued = self._cued, None
        cues = [cued[0]] if cued is not None and now - cued[1] <= EARCON_S else []
        self._may_open = True
        self.expire(now)
        records = self._records
        self._records = []
        self._bytes = 0
        if not records:
            self._until = None
        return [*cues, *records]

    def played(self) -> None:
        """The device takes sound: it is open, and what is lost from now on was given to a device that was."""
        self._patient_until = -math.inf
        self._until = None

    def expire(self, now: float) -> None:
        """Discard what has waited for too long."""
        if self._until is not None and now >= self._until:
            self._lose(self._records, LATE)
            self._records = []
            self._bytes = 0

    def take_lost(self) -> dict[int, str]:
        """Return the finite voices of which sound was lost since the last call, each with the reason."""
        lost, self._lost = self._lost, {}
        return lost

    def give_up(self, now: float) -> None:
        """The device is not there; until it is, nothing is kept, unless it was to be waited for."""
        if now < self._patient_until:
            return
        self._may_open = False
        self._lose(self._records, MISSING)
        self.clear()

    def clear(self) -> None:
        """Discard all; later sound may wait again."""
        self._records = []
        self._bytes = 0
        self._until = None

    def _lose(self, records: list[Feed | Finish], reason: str) -> None:
        for record in records:
            if isinstance(record, Feed) and record.voice != self._live:
                self._lost.setdefault(record.voice, reason)
