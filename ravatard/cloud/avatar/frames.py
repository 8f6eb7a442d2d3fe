"""Meter of the picture's frames, which are dropped unread: rate, size and delay. Pure."""

from __future__ import annotations

from collections import deque

#: Averages are over the last minute, in steps of a second.
_SPAN_S = 60
#: A picture that is so late behind its best, for so long, holds up the sound: the network is too slow.
_LATE_S = 3.0
_LATE_FOR_S = 10.0


class FrameMeter:
    """Counts the frames of one socket. Times are loop seconds.

    Attributes:
        count: frames since the start.
        total_bytes: their messages.
    """

    def __init__(self) -> None:
        self.count = 0
        self.total_bytes = 0
        #: (second, frames in it, bytes in it)
        self._seconds: deque[tuple[int, int, int]] = deque(maxlen=_SPAN_S)
        self._since: float | None = None
        self._best: float | None = None
        self._late_since: float | None = None
        self._told = False

    def begin(self, now: float) -> None:
        """Begin anew with another socket; the totals stay."""
        self._seconds.clear()
        self._since = now
        self._best = self._late_since = None

    def take(self, size_bytes: int, timestamp_s: float | None, now: float) -> bool:
        """Count a frame; return True, once in all, when the network turns out too slow for the picture.

        Args:
            size_bytes: of its message.
            timestamp_s: by the service's clock; None when unknown.
            now: loop time.
        """
        self.count += 1
        self.total_bytes += size_bytes
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            _, frames, size = self._seconds[-1]
            self._seconds[-1] = second, frames + 1, size + size_bytes
        else:
            self._seconds.append((second, 1, size_bytes))
        return timestamp_s is not None and self._is_too_late(now - timestamp_s, now)

    def rate(self, now: float) -> tuple[float, float]:
        """Return frames and bytes a second, of the last minute at most."""
        if self._since is None:
            return 0.0, 0.0
        span_s = min(max(now - self._since, 1.0), float(_SPAN_S))
        recent = [one for one in self._seconds if one[0] > now - _SPAN_S]
        return sum(one[1] for one in recent) / span_s, sum(one[2] for one in recent) / span_s

    def _is_too_late(self, offset_s: float, now: float) -> bool:
        self._best = offset_s if self._best is None else min(self._best, offset_s)
        if offset_s - self._best <= _LATE_S:
            self._late_since = None
            return False
        self._late_since = now if self._late_since is None else self._late_since
        if self._told or now - self._late_since < _LATE_FOR_S:
            return False
        self._told = True
        return True
