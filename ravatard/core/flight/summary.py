"""Flight-recorder summary of frequent events that change nothing."""

from __future__ import annotations

from ravatard.core.events import Listened, MessageSent, Played, Tick
from ravatard.core.flight.journal import Routine


class RoutineSummary:
    """Sum of frequent events.

    Attributes:
        since: when it began, loop time.
    """

    def __init__(self, since: float) -> None:
        self.since = since
        self._listened = self._sent = 0
        self._last: Listened | None = None
        self._lowest_db, self._highest_db, self._slowest_s = 0.0, -200.0, 0.0

    def add(self, event: Listened | MessageSent | Played | Tick) -> None:
        """Add one event."""
        if isinstance(event, Listened):
            self._lowest_db = min(event.level_db, self._lowest_db) if self._listened else event.level_db
            self._highest_db = max(event.level_db, self._highest_db)
            self._listened += 1
            self._last = event
        elif isinstance(event, MessageSent):
            self._sent += 1
            if event.read_at is not None:
                self._slowest_s = max(self._slowest_s, event.sent_at - event.read_at)

    def line(self) -> Routine:
        """Return the sum as one record, rounded for people."""
        last = self._last or Listened(0, 0.0, 0.0)
        return Routine(
            self._listened,
            last.samples,
            round(self._lowest_db, 1),
            round(self._highest_db, 1),
            round(last.floor_db, 1),
            last.overruns,
            self._sent,
            round(self._slowest_s * 1000, 1),
        )
