"""Clock recovery: frames of a sound device against the monotonic clock, without jitter; no I/O.

Two observations are kept apart. The **handover time** of sound shows, at its lower edge, the rate of the
device's clock, to some 0.1 ms; it jumps where sound was lost and where a buffer on the way has grown. The
**latency** from there to the device, as a driver or a sound server reports it, distinguishes these two: lost
sound does not change it, a grown buffer does. Apart from that only its mean over the first seconds is used: a
sound server's figure wanders by milliseconds while the sound itself is steady, and a canceller adapts to a
delay that is wrong by a constant, but suffers from one that moves.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from ravatard.devices.echo.lower_envelope import Point, height_below, slope_below

#: Sound was just lost if this many observations in a row are off by this much or more, and agree within the
#: last figure. With drivers that report no useful latency they are off by more all the time; hence also by so
#: many times the usual offset.
_SUDDEN, _SUDDEN_S, _SUDDEN_TIMES, _SUDDEN_AGREED_S = 3, 0.004, 8.0, 0.001
#: Window of sound in which only the earliest observation counts.
_WINDOW_S = 0.18
#: Windows that the line is fitted to: 16 s. Two clocks drift apart by less than 0.1 ms/s meanwhile.
_MEMORY = 90
#: This many windows in a row late, and agreeing, are a step and no jitter, found within a second. Fewer early
#: ones suffice: jitter is never early.
_LATE_WINDOWS, _EARLY_WINDOWS = 4, 2
#: After this many windows that do not agree the line is given up.
_LOST_WINDOWS = 12
#: Least size of a step; on a busy machine so many times the usual offset of windows, up to the last figure.
_STEP_S, _STEP_TIMES, _STEP_MOST_S = 0.001, 6.0, 0.006
#: Time after which the observed rate of a clock counts as much as the assumed one: for a new clock, and for
#: one that has been observed for a while.
_NEW_S, _KNOWN_S = 2.0, 8.0
#: Largest deviation of a crystal, including that of ALSA's conversion from 44.1 kHz.
_WORST = 4e-4
#: The latency is the median of this many windows: 5 s. Then it is fixed, until it jumps by more than any
#: wandering.
_SETTLED, _MOVED_S = 28, 0.02


class Timeline:
    """Times at which frames are at the device.

    Attributes:
        rate_hz: frames a second by the monotonic clock.
        jumps: times sound was lost, stopped, or its latency jumped.
    """

    def __init__(self, rate_hz: int, *, known_hz: float | None = None) -> None:
        """``known_hz``: measured value of the nominal ``rate_hz``, if it is known from before."""
        self.jumps = 0
        self._nominal_hz = rate_hz
        self._slope = self._prior = rate_hz / known_hz - 1 if known_hz else 0.0
        self.rate_hz = rate_hz / (1 + self._slope)
        # Points of the line: seconds of sound, and seconds by which the clock is ahead of them.
        self._first_frame: int | None = None
        self._base = 0.0
        self._newest_x = -1.0
        self._points: deque[Point] = deque(maxlen=_MEMORY)
        self._line: Point = (0.0, 0.0)
        self._spread = 0.0
        self._doubt_s = _NEW_S
        # The current window: its beginning, and its earliest observation with the reported latency.
        self._window_x = 0.0
        self._best: Point | None = None
        self._best_latency = 0.0
        # Usual offset of the reported latency; and the last observations with a much larger one.
        self._reported = 0.0
        self._sudden: list[float] = []
        # Windows off the line, with their latencies.
        self._off: list[tuple[Point, float]] = []
        self._latencies: list[float] = []
        self._recent: deque[float] = deque(maxlen=8)
        self._latency = 0.0

    def observe(self, frame: int, seen_at: float, latency_s: float = 0.0) -> None:
        """Take the observation that a frame was handed over. Numbers only grow.

        Args:
            frame: number of the frame.
            seen_at: when; may be late by any time, is never early.
            latency_s: from there to the device, as far as is known; negative for a frame from the device.
        """
        if self._first_frame is None:
            self._first_frame, self._base = frame, seen_at
        x = (frame - self._first_frame) / self._nominal_hz
        if x <= self._newest_x:
            return
        self._newest_x = x
        y = seen_at - self._base - x
        if self._is_sudden(x, y + latency_s):
            self._begin_anew(x, y, latency_s)
        if x - self._window_x >= _WINDOW_S and self._best is not None:
            self._close(self._best, self._best_latency)
            self._window_x, self._best = x, None
        # Compared with the line, not with the last observation: within a window a clock hardly drifts.
        if self._best is None or y < self._best[1]:
            self._best, self._best_latency = (x, y), latency_s
            if not self._points:
                self._line, self._latency = self._best, latency_s

    def time_of(self, frame: float) -> float:
        """Return when ``frame`` is at the device; 0.0 before the first observation."""
        if self._first_frame is None:
            return 0.0
        x = (frame - self._first_frame) / self._nominal_hz
        return self._base + x + self._height(x) + self._latency

    def _height(self, x: float) -> float:
        return self._line[1] + self._slope * (x - self._line[0])

    def _is_sudden(self, x: float, arrives: float) -> bool:
        """Return True if sound was lost, by the reports: ``arrives`` is its time, on the scale of points."""
        off = arrives - self._height(x) - self._latency
        if not self._points or abs(off) <= max(_SUDDEN_S, _SUDDEN_TIMES * self._reported):
            self._sudden.clear()
            self._reported += (abs(off) - self._reported) / 64
            return False
        self._sudden = [*self._sudden[1 - _SUDDEN :], arrives]
        agreed = max(self._sudden) - min(self._sudden) <= _SUDDEN_AGREED_S
        if not agreed:
            self._reported += (_SUDDEN_S - self._reported) / 64
        return agreed and len(self._sudden) == _SUDDEN

    def _begin_anew(self, x: float, y: float, latency_s: float) -> None:
        """Begin again after a jump: sound was lost, or its latency changed."""
        height, arrives = self._height(x), median(self._sudden)
        off = arrives - height - self._latency
        self._sudden.clear()
        self._off.clear()
        self._recent.clear()
        self._recent.append(latency_s)
        self._window_x, self._best = x, None
        if abs(y - height) < abs(off) / 2:
            # The handover time has not changed.
            if abs(off) > _MOVED_S:
                self.jumps += 1
                self._latency += off
                self._latencies.clear()
            return
        self.jumps += 1
        self._points.clear()
        self._points.append((x, arrives - self._latency))
        self._fit()

    def _close(self, point: Point, latency_s: float) -> None:
        """Take ``point``, the earliest observation of a full window."""
        off = point[1] - self._height(point[0])
        if not self._points or abs(off) <= self._tolerance:
            self._off.clear()
            self._points.append(point)
            self._learn(off)
            self._fit()
            self._settle(latency_s)
            return
        self._off.append((point, latency_s))
        count = _LATE_WINDOWS if off > 0 else _EARLY_WINDOWS
        if self._agree(count) or len(self._off) >= _LOST_WINDOWS:
            self._step(count)
        elif len(self._off) > count:
            # Learned slowly: the rest of a step must not hide the next one.
            self._learn(_STEP_S)

    def _learn(self, off: float) -> None:
        self._spread += (abs(off) - self._spread) / 16

    @property
    def _tolerance(self) -> float:
        return min(_STEP_MOST_S, max(_STEP_S, _STEP_TIMES * self._spread))

    def _agree(self, count: int) -> bool:
        """Return True if the last ``count`` windows are off the line by the same."""
        offs = [y - self._height(x) for (x, y), _ in self._off[-count:]]
        return len(offs) == count and max(offs) - min(offs) <= self._tolerance

    def _fit(self) -> None:
        """Fit the line again."""
        points, newest = self._points, self._points[-1][0]
        span = newest - points[0][0]
        if span:
            trust = span * span / (span * span + self._doubt_s * self._doubt_s)
            slope = self._prior + (slope_below(points) - self._prior) * trust
            self._slope = min(_WORST, max(-_WORST, slope))
            if span > _KNOWN_S:
                if self._doubt_s < _KNOWN_S:
                    self._prior, self._doubt_s = self._slope, _KNOWN_S
                self._prior += (self._slope - self._prior) / _MEMORY
        self._line = (newest, height_below(points, self._slope, newest))
        self.rate_hz = self._nominal_hz / (1 + self._slope)

    def _settle(self, latency_s: float) -> None:
        """Take a reported latency."""
        self._recent.append(latency_s)
        if len(self._latencies) < _SETTLED:
            self._latencies.append(latency_s)
            self._latency = median(self._latencies)

    def _step(self, count: int) -> None:
        """Make the last windows, which were off the line, the line."""
        off, self._off = self._off[-count:], []
        before = self._line
        self._points = deque((point for point, _ in off), maxlen=_MEMORY)
        self._fit()
        by = self._line[1] - before[1] - self._slope * (self._line[0] - before[0])
        latencies = [latency for _, latency in off]
        longer = median(latencies) - median(self._recent)
        if abs(longer + by) < abs(longer):
            # A buffer on the way has changed: a later handover and as much less latency, or the opposite.
            self._latency -= by
            self._latencies = [latency - by for latency in self._latencies]
        else:
            self.jumps += 1
        self._recent = deque(latencies, maxlen=self._recent.maxlen)
