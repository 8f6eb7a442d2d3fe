"""Wake word's part of the status report: how often it was heard, nearly heard, and heard for nothing."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from ravatard.core import events as ev

#: How many of the last scores are kept, so that an owner can choose the sensitivity by them.
SCORES_KEPT = 10
_COUNTED: dict[type[Any], str] = {
    ev.Woken: "wakes",
    ev.WakeMissed: "wake_near_misses",
    ev.WakeUnused: "wakes_unused",
}


class WakeWordReport:
    """Observer of the wake word.

    Attributes:
        counts: hits, near misses, and hits after which nothing was said, since the start.
    """

    def __init__(self) -> None:
        self.counts = Counter(dict.fromkeys(_COUNTED.values(), 0))
        self._scores: deque[tuple[float, bool]] = deque(maxlen=SCORES_KEPT)

    def on_event(self, event: ev.Event) -> None:
        """The hub is about to handle ``event``."""
        if name := _COUNTED.get(type(event)):
            self.counts[name] += 1
        if isinstance(event, ev.Woken | ev.WakeMissed):
            self._scores.append((event.score, isinstance(event, ev.Woken)))

    def snapshot(self, word: str) -> dict[str, Any]:
        """Return the report on ``word`` as plain data; the newest score is the last."""
        scores = [{"score": round(score, 2), "hit": hit} for score, hit in self._scores]
        return {"word": word, "last_scores": scores}
