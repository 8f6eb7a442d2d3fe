"""Pace of what comes from outside: some at once, then no more than so many a second."""

from __future__ import annotations


class MessagePace:
    """Pace of the messages of a peer, which may send as many as it likes."""

    def __init__(self, per_s: float, burst: int) -> None:
        """``burst`` messages may come at once, ``per_s`` a second in the long run."""
        self._each_s = 1.0 / per_s
        self._credit_s = burst / per_s
        self._due_at: float | None = None

    def wait_s(self, now: float) -> float:
        """Count one message at loop time ``now``; return the seconds to wait before it is taken."""
        earliest = now - self._credit_s
        due_at = earliest if self._due_at is None else max(self._due_at, earliest)
        self._due_at = due_at + self._each_s
        return max(0.0, self._due_at - now)
