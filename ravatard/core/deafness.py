"""Deafness of a service: words to it are in vain. It is shown, and tried again with growing pauses. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, unique

#: A voice is sent to a service that is deaf after a pause that doubles from the first of these to the second:
#: it may hear again, but a television must not keep a session open. A press is sent at once, and with it the
#: next voice.
DEAF_FIRST_S = 20.0
DEAF_LONGEST_S = 300.0
#: Turns in a row that were lost at a service before it counts as deaf: a moment's trouble may cost one.
MOST_LOST = 2


@unique
class DeafKind(Enum):
    """Kind of deafness, by what ends it."""

    UNHEARD = "unheard"
    """The service's side says that the microphone is not heard; it says so, too, when it is heard again."""
    NO_SESSION = "no session"
    """A live session was refused; one that starts ends it."""
    CUT_OFF = "cut off"
    """A session was given, and closed to us at once; only an answer ends it."""
    LOST = "lost"
    """One turn after the other was lost; only an answer ends it."""


@dataclass(frozen=True, slots=True)
class Deafness:
    """Knowledge that words to a service are in vain. Times are loop seconds.

    Attributes:
        reason: why, "" when they are not as far as is known.
        kind: its kind, where there is a reason.
        person: a person must mend it.
        lost: turns that were lost in a row.
        spoken: one of them was spoken.
        taken: the newest of them was taken, and not answered: it may not have been meant for the avatar, so
            that no voice is held back for it.
        until: until when no voice is sent to it; None: the next one is.
        pause_s: pause that the next attempt leaves behind.
    """

    reason: str = ""
    kind: DeafKind = DeafKind.UNHEARD
    person: bool = False
    lost: int = 0
    spoken: bool = False
    taken: bool = False
    until: float | None = None
    pause_s: float = DEAF_FIRST_S

    @property
    def sentence(self) -> str:
        """Sentence for the status; "" without a reason."""
        if not self.reason:
            return ""
        match self.kind:
            case DeafKind.UNHEARD:
                return f"deaf: the service does not hear the microphone: {self.reason}"
            case DeafKind.LOST:
                return f"deaf: the last {self.lost} turns brought no answer: {self.reason}"
        return f"deaf: refused by the service: {self.reason}"

    def told(self, reason: str, now: float) -> Deafness:
        """Return it with what the service's side says now; "": it hears."""
        if not reason:
            return Deafness()
        deaf = replace(self, reason=reason, kind=DeafKind.UNHEARD, person=False)
        return deaf if self.reason and self.kind is DeafKind.UNHEARD else deaf.tried(now)

    def refused(self, reason: str, kind: DeafKind, *, person: bool) -> Deafness:
        """Return it after a refusal. The next voice goes out at once, those after that with pauses."""
        if self.reason and self.kind in (DeafKind.CUT_OFF, DeafKind.LOST):
            # A session that starts proves nothing of what was lost in those before it.
            kind = self.kind
        return replace(self, reason=reason, kind=kind, person=person, taken=False)

    def words_lost(self, reason: str, *, spoken: bool, taken: bool) -> Deafness:
        """Return it after one more turn that was lost."""
        state = replace(self, lost=self.lost + 1, spoken=self.spoken or spoken, taken=taken)
        if state.lost < MOST_LOST or (self.reason and self.kind is not DeafKind.LOST):
            return state
        return replace(state, reason=reason, kind=DeafKind.LOST)

    def session_started(self) -> Deafness:
        """Return it without what a session that has started proves wrong."""
        refused = self.reason and self.kind is DeafKind.NO_SESSION
        return Deafness(lost=self.lost, spoken=self.spoken) if refused else self

    def answered(self, *, spoken: bool) -> Deafness:
        """Return it after an answer, which a spoken turn had or a written one."""
        if self.reason and self.kind is DeafKind.UNHEARD:
            return replace(self, lost=0, spoken=False)
        return Deafness() if spoken or not self.spoken else self

    def perhaps_mended(self) -> Deafness:
        """Return it with the next voice sent: the link is new, or the owner has changed something.

        It is still shown, as nothing proves that it is mended, unless the service's side will say so again.
        """
        told_again = self.reason and self.kind is DeafKind.UNHEARD
        return Deafness() if told_again else replace(self, until=None)

    def tried(self, now: float) -> Deafness:
        """Return it after an attempt; the next one is made after a longer pause."""
        if not self.reason:
            return self
        return replace(self, until=now + self.pause_s, pause_s=min(2 * self.pause_s, DEAF_LONGEST_S))

    def tried_at_once(self) -> Deafness:
        """Return it with the next voice sent, and the pauses from the first on: a user has pressed."""
        return replace(self, until=None, pause_s=DEAF_FIRST_S)

    def holds(self, now: float) -> bool:
        """Return True while no voice is sent."""
        return not self.taken and self.until is not None and now < self.until
