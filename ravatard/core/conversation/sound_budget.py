"""Sound budget: how long the avatar may be heard before the user speaks again.

While the avatar is heard the microphone is held. A service that speaks without being asked, or never ends,
would otherwise keep the appliance deaf for good, and its paid session open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Sound of a greeting or a reminder, which no words of the user came before.
UNASKED_S = 20.0
#: Answers and their sound belong to the user's last words for so long after those began: an utterance may
#: last 120 s, the longest answer timeout that services announce is 60 s.
ASKED_S = 180.0
#: Sound that begins so soon after an asked sound ended is its next piece.
NEXT_PIECE_S = 10.0
#: Share of silent time that is given back: in the long run the microphone listens five sixths of the time.
GIVEN_BACK = 0.2
#: Less than this is not worth beginning an answer.
LEAST_S = 5.0


@dataclass(frozen=True, slots=True)
class SoundBudget:
    """Seconds of sound that are left. Times are loop seconds.

    Attributes:
        left_s: seconds of sound that were left at ``at``.
        at: when ``left_s`` was right.
        asked_until: until when an answer is one to the user's last words; None: the user said nothing yet.
        sounding: the avatar is heard since ``at``.
        refused: an answer was not played for want of budget, which is logged once.
    """

    left_s: float = UNASKED_S
    at: float = 0.0
    asked_until: float | None = None
    sounding: bool = False
    refused: bool = False

    def asked(self, now: float, longest_s: float) -> SoundBudget:
        """Return the budget after words of the user: their answer may sound for ``longest_s`` in all."""
        return SoundBudget(longest_s, now, now + ASKED_S, self.sounding)

    def is_asked(self, now: float) -> bool:
        """Return True while an answer belongs to the user's last words."""
        return self.asked_until is not None and (self.sounding or now <= self.asked_until)

    def left(self, now: float) -> float:
        """Return the seconds of sound that are left at ``now``."""
        passed_s = max(0.0, now - self.at)
        if self.sounding:
            return self.left_s - passed_s
        left_s = self.left_s if self.is_asked(now) else min(self.left_s, UNASKED_S)
        return left_s if left_s >= UNASKED_S else min(UNASKED_S, left_s + GIVEN_BACK * passed_s)

    def allows(self, now: float) -> bool:
        """Return True if an answer may begin to sound."""
        return self.left(now) >= LEAST_S

    def started(self, now: float) -> SoundBudget:
        """Return the budget from the first sound on."""
        if self.sounding:
            return self
        asked_until = self.asked_until if self.is_asked(now) else None
        return replace(self, left_s=self.left(now), at=now, asked_until=asked_until, sounding=True)

    def ended(self, now: float) -> SoundBudget:
        """Return the budget after the last sound."""
        if not self.sounding:
            return self
        asked_until = self.asked_until
        if asked_until is not None:
            asked_until = max(asked_until, now + NEXT_PIECE_S)
        return replace(self, left_s=self.left(now), at=now, asked_until=asked_until, sounding=False)

    @property
    def ends_at(self) -> float | None:
        """Loop time at which sound that goes on has used up the budget; None while nothing sounds."""
        return self.at + self.left_s if self.sounding else None
