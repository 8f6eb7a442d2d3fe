"""Timetable of one session: steps with their times. No clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable

#: Called with the time for which it was planned.
Step = Callable[[float], None]


class Timetable:
    """Planned steps; of equal times the one planned first comes first."""

    def __init__(self) -> None:
        self._steps: list[tuple[float, int, str, Step]] = []
        self._planned = 0

    def plan(self, at: float, step: Step, *, subject: str = "") -> None:
        """Plan ``step``; ``subject`` names it for :meth:`drop`."""
        self._planned += 1
        heapq.heappush(self._steps, (at, self._planned, subject, step))

    def drop(self, subject: str) -> bool:
        """Drop the steps of ``subject``; return True if there were any."""
        kept = [one for one in self._steps if one[2] != subject]
        dropped = len(kept) < len(self._steps)
        heapq.heapify(kept)
        self._steps = kept
        return dropped

    def next_due(self) -> float | None:
        """Return the time of the next step, or None."""
        return self._steps[0][0] if self._steps else None

    def run(self, now: float) -> None:
        """Take every step due by ``now``, in order, each with its own time."""
        while self._steps and self._steps[0][0] <= now:
            at, _, _, step = heapq.heappop(self._steps)
            step(at)
