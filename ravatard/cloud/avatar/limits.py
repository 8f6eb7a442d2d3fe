"""Rate limits, kept on our side: sliding logs of calls and messages. Pure; the time is given.

Source: the API reference, "Rate Limits". A log is exact for servers that count in fixed and in sliding
windows alike; a token bucket would let twice the number through in one window. By whom the service counts is
not said, and a fleet behind one address shares: our numbers are four fifths of the documented ones.
"""

from __future__ import annotations

from collections import deque

from ravatard.cloud.avatar import requests

#: API reference: 10, 30 and 60 a minute, 100 messages a second.
_LIMITS: dict[str, tuple[int, float]] = {
    requests.NEW: (8, 60.0),
    requests.SPEAK: (24, 60.0),
    requests.CHAT: (48, 60.0),
}
_SOCKET = (80, 1.0)
#: Longer waits for a slot are told as "busy": speech must not be late without a word.
LONGEST_WAIT_S = 5.0
#: For how long the service's complaint about our rate halves it.
_SLOW_S = 60.0


class SlidingLog:
    """Times of the calls within the last window."""

    def __init__(self, most: int, window_s: float) -> None:
        """Allow ``most`` calls in any ``window_s`` seconds."""
        self._most = most
        self._window_s = window_s
        self._times: deque[float] = deque()
        self._slow_until = float("-inf")

    def wait_s(self, now: float) -> float:
        """Return the seconds until the next call is allowed; 0.0: it is allowed now."""
        self._forget(now)
        most = max(1, self._most // 2) if now < self._slow_until else self._most
        if len(self._times) < most:
            return 0.0
        return self._times[len(self._times) - most] + self._window_s - now

    def take(self, now: float) -> bool:
        """Count a call that is made now; return False, and count nothing, when it is not allowed yet."""
        if self.wait_s(now) > 0.0:
            return False
        self._times.append(now)
        return True

    def count(self, now: float) -> None:
        """Count a call that must not be delayed, whatever the limit."""
        self._forget(now)
        self._times.append(now)
        if len(self._times) > 2 * self._most:
            self._times.popleft()

    def slow_down(self, now: float) -> None:
        """Halve the limit for a minute: the service complained."""
        self._slow_until = now + _SLOW_S

    def _forget(self, now: float) -> None:
        while self._times and self._times[0] + self._window_s <= now:
            self._times.popleft()


class ApiLimits:
    """Limits of all calls and of one socket's messages.

    Attributes:
        socket: messages of ours on the socket.
    """

    def __init__(self) -> None:
        self.socket = SlidingLog(*_SOCKET)
        self._calls = {call: SlidingLog(*limit) for call, limit in _LIMITS.items()}

    def wait_s(self, call: str, now: float) -> float:
        """Return the seconds until ``call`` is allowed; 0.0 for one that is never delayed."""
        log = self._calls.get(call)
        return 0.0 if log is None else log.wait_s(now)

    def take(self, call: str, now: float) -> bool:
        """Count ``call``, made now; return False when it is not allowed yet."""
        log = self._calls.get(call)
        return log is None or log.take(now)
