"""Spoken turns of one live session: sound in, finished turns out, and withdrawal of early answers."""

from __future__ import annotations

from ravatard.sim.options import TurnDetectorOptions
from ravatard.sim.ravatar.planned_replies import Planned
from ravatard.sim.ravatar.record import Record, SessionRecord, TurnRecord
from ravatard.sim.ravatar.turn_detector import SpeechBegan, TurnDetector


class SpokenTurns:
    """Turn detection of one live session.

    Attributes:
        planned_answer: the answer to the last turn; set by the caller that plans it.
    """

    def __init__(
        self, session: SessionRecord, record: Record, options: TurnDetectorOptions, carry_on: bool
    ) -> None:
        self.planned_answer: Planned | None = None
        self._session = session
        self._record = record
        self._carry_on = carry_on
        self._detector = TurnDetector(options)
        # A placeholder until the first turn begins: the detector reports a beginning before any end.
        self._turn = TurnRecord(0, 0.0)

    def feed(self, pcm: bytes, now: float) -> list[TurnRecord]:
        """Take one message's sound; return the turns it ended. The caller plans an answer to each."""
        self._record.sound(self._session, pcm, now)
        ended: list[TurnRecord] = []
        for event in self._detector.feed(pcm):
            if isinstance(event, SpeechBegan):
                self._begin(event, now)
            else:
                self._turn.last_sample = event.last_sample
                self._turn.ended_at = now
                ended.append(self._turn)
        return ended

    def _begin(self, event: SpeechBegan, now: float) -> None:
        if self._carry_on and self.planned_answer is not None and self.planned_answer.withdraw(now):
            self._turn.last_sample = None
            self._turn.ended_at = None
        else:
            self._turn = self._record.turn_began(self._session, event.first_sample, now)
        self.planned_answer = None
