"""Wake word's part of the status report: how often it was heard, nearly heard, and heard for nothing."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from ravatard.core import actions as act
from ravatard.core import events as ev

#: How many of the last scores are kept, so that an owner can choose the sensitivity by them.
SCORES_KEPT = 10
_COUNTED: dict[type[Any], str] = {
    ev.Woken: "wakes",
    ev.WakeMissed: "wake_near_misses",
}
_UNUSED = "wakes_unused"
#: What follows a word that was used, or of which nothing can be known any more.
_ENDS = (
    ev.UtteranceOpened
    | ev.ButtonPressed
    | ev.MicrophoneLost
    | ev.MicrophoneClosed
    | ev.AnsweredElsewhere
    | ev.WakeWordLost
)


class WakeWordReport:
    """Observer of the wake word.

    Attributes:
        counts: hits, near misses, and hits after which nothing was said, since the start.
    """

    def __init__(self) -> None:
        self.counts = Counter(dict.fromkeys((*_COUNTED.values(), _UNUSED), 0))
        #: A word was heard, and nothing has come of it yet; and whether that was the last event.
        self._awaits = self._is_new = False
        self._scores: deque[tuple[float, bool]] = deque(maxlen=SCORES_KEPT)

    def on_event(self, event: ev.Event) -> None:
        """The hub is about to handle ``event``."""
        if name := _COUNTED.get(type(event)):
            self.counts[name] += 1
        is_word = isinstance(event, ev.Woken)
        if isinstance(event, ev.WakeUnused) or is_word:
            # A second word: whatever became of the first, nothing was said after it.
            self._end(used=False)
        elif isinstance(event, _ENDS):
            self._end(used=True)
        self._awaits, self._is_new = self._awaits or is_word, is_word
        if isinstance(event, ev.Woken | ev.WakeMissed):
            self._scores.append((event.score, isinstance(event, ev.Woken)))

    def on_action(self, action: object) -> None:
        """The hub has asked for ``action``, which may have the gate forget the word."""
        match action:
            case act.FollowUp(allowed=False):
                # At once it is the answer to a word that wants nothing more, as one that stops the avatar.
                self._end(used=self._is_new)
            case act.Hold(held=True):
                self._end(used=False)
            case _:
                pass

    def _end(self, *, used: bool) -> None:
        """End waiting for what follows the last word."""
        self.counts[_UNUSED] += self._awaits and not used
        self._awaits = False

    def snapshot(self, word: str) -> dict[str, Any]:
        """Return the report on ``word`` as plain data; the newest score is the last."""
        scores = [{"score": round(score, 2), "hit": hit} for score, hit in self._scores]
        return {"word": word, "last_scores": scores}
