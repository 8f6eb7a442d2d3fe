"""Sliding windows of the documented rate limits. No clock."""

from __future__ import annotations

from collections import deque


class SlidingWindow:
    """At most ``most`` admissions in any ``window_s`` seconds."""

    def __init__(self, most: int, window_s: float) -> None:
        self._most = most
        self._window_s = window_s
        self._admitted: deque[float] = deque()

    def wait_s(self, now: float) -> float:
        """Admit a call and return 0, or return the seconds until the next one would be admitted.

        A refused call does not count.
        """
        while self._admitted and now - self._admitted[0] >= self._window_s:
            self._admitted.popleft()
        if len(self._admitted) >= self._most:
            return self._admitted[0] + self._window_s - now
        self._admitted.append(now)
        return 0.0
