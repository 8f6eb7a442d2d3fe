"""Talk-over hold: how long the avatar is not talked over after its own voice was taken for a user's."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: The first hold; each later one is so many times as long as the one before, up to the longest. None is for
#: good: two short words of users cannot be told from an echo.
FIRST_HOLD_S = 600.0
HOLD_GROWTH = 4
LONGEST_HOLD_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class TalkOverHold:
    """One small machine: the microphone held while the avatar is heard, for a time. Times are loop seconds.

    Attributes:
        until: when this hold ends; None while there is none.
        length_s: length of this hold, or of the last one.
        next_s: length of the next one.
    """

    until: float | None = None
    length_s: float = 0.0
    next_s: float = FIRST_HOLD_S

    @property
    def is_on(self) -> bool:
        """True while there is a hold."""
        return self.until is not None

    @property
    def reason(self) -> str:
        """Why there is a hold, and until when; "" while there is none. The same for all of its time."""
        if not self.is_on:
            return ""
        return (
            f"it took its own voice for a user's; tried again after {self.length_s / 60:.0f} minutes, by "
            "unmuting or a restart; `ravatard doctor --echo` says which setting suits"
        )

    def begun(self, now: float) -> TalkOverHold:
        """Return the next hold, which begins now."""
        longer_s = min(self.next_s * HOLD_GROWTH, LONGEST_HOLD_S)
        return TalkOverHold(until=now + self.next_s, length_s=self.next_s, next_s=longer_s)

    def ended(self) -> TalkOverHold:
        """Return it without a hold; the next one is as long as it was to be."""
        return replace(self, until=None)

    def disproved(self) -> TalkOverHold:
        """A user was surely heard over the avatar: the next hold is a first one."""
        return replace(self, next_s=FIRST_HOLD_S)

    def is_over(self, now: float) -> bool:
        """Return True if there is a hold, and its time has come."""
        return self.until is not None and now >= self.until
