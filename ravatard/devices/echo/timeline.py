"""Frames of a sound device against the monotonic clock: times that jitter made steady; no I/O.

Two things are kept apart. **When sound is handed over** says, at its lower edge, how fast the device's clock
runs, to some 0.1 ms; it jumps where sound was lost and where a buffer on the way has grown. **How long it is
still under way**, as a driver or a sound server reports it, tells these two apart: what was lost leaves it as
it is, a buffer that has grown shows in it. Otherwise it is only believed for its mean over the first seconds.
A sound server's figure wanders by milliseconds for as long as it likes, while the sound itself stands still:
a canceller finds out a delay that is wrong by a constant, and suffers from every one that moves.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from ravatard.devices.echo.lower_envelope import Point, height_below, slope_below

#: So many observations in a row that are off by so much or more, and agree, whatever their own lateness:
#: sound was lost just now. Where drivers report nothing of use they are off by more than that all the time;
#: hence so many times what is usual.
_SUDDEN, _SUDDEN_S, _SUDDEN_TIMES, _SUDDEN_AGREED_S = 3, 0.004, 8.0, 0.001
#: Of so much sound only the earliest observation counts.
_WINDOW_S = 0.18
#: The line is laid through so many of them: 16 s. Two clocks drift apart by less than 0.1 ms/s meanwhile.
_MEMORY = 90
#: So many windows in a row late, and agreeing, are no jitter: a step, known within a second. Early ones are
#: believed sooner: nothing is ever early.
_LATE_WINDOWS, _EARLY_WINDOWS = 4, 2
#: So many that do not agree, and the line is given up: nothing fits it any more.
_LOST_WINDOWS = 12
#: The least a step can be; on a machine that is busy, so many times what windows are usually off, up to this.
_STEP_S, _STEP_TIMES, _STEP_MOST_S = 0.001, 6.0, 0.006
#: After so long what is observed of a clock's rate counts as much as what was believed before: of a clock
#: that is new, and of one that has been watched for a while.
_NEW_S, _KNOWN_S = 2.0, 8.0
#: No crystal is worse, with what ALSA's conversion of 44.1 kHz adds.
_WORST = 4e-4
#: The way to the device is the median of so many windows: 5 s. Then it stands, until it is off at once by
#: more than any wandering.
_SETTLED, _MOVED_S = 28, 0.02


class Timeline:
    """When which frame is at the device.

    Attributes:
        rate_hz: frames a second by the monotonic clock.
        jumps: times sound was lost, stood still or took another way.
    """

    def __init__(self, rate_hz: int, *, known_hz: float | None = None) -> None:
        """``known_hz``: what ``rate_hz`` nominal is by the monotonic clock, as far as is known before."""
        self.jumps = 0
        self._nominal_hz = rate_hz
        self._slope = self._prior = rate_hz / known_hz - 1 if known_hz else 0.0
        self.rate_hz = rate_hz / (1 + self._slope)
        # Points of the line: seconds of sound, and the seconds by which the clock is ahead of them.
        self._first_frame: int | None = None
        self._base = 0.0
        self._newest_x = -1.0
        self._points: deque[Point] = deque(maxlen=_MEMORY)
        self._line: Point = (0.0, 0.0)
        self._spread = 0.0
        self._doubt_s = _NEW_S
        # The window that is being filled: its beginning, and its earliest with the way it reported.
        self._window_x = 0.0
        self._best: Point | None = None
        self._best_way = 0.0
        # How far off what was reported is, usually; and the last observations that were much more.
        self._reported = 0.0
        self._sudden: list[float] = []
        # Windows off the line, with their ways.
        self._off: list[tuple[Point, float]] = []
        self._ways: list[float] = []
        self._recent: deque[float] = deque(maxlen=8)
        self._way = 0.0

    def observe(self, frame: int, seen_at: float, way_s: float = 0.0) -> None:
        """Frame number ``frame`` was handed over. Frames only grow.

        Args:
            frame: its number.
            seen_at: when; late by any time, never early.
            way_s: from there to the device as far as it is known; negative when the frame comes from there.
        """
        if self._first_frame is None:
            self._first_frame, self._base = frame, seen_at
        x = (frame - self._first_frame) / self._nominal_hz
        if x <= self._newest_x:
            return
        self._newest_x = x
        y = seen_at - self._base - x
        if self._is_sudden(x, y + way_s):
            self._begin_anew(x, y, way_s)
        if x - self._window_x >= _WINDOW_S and self._best is not None:
            self._close(self._best, self._best_way)
            self._window_x, self._best = x, None
        # Earlier than the line would have it, not than the last one: within a window a clock hardly drifts.
        if self._best is None or y < self._best[1]:
            self._best, self._best_way = (x, y), way_s
            if not self._points:
                self._line, self._way = self._best, way_s

    def time_of(self, frame: float) -> float:
        """When ``frame`` is at the device; 0.0 before anything was observed."""
        if self._first_frame is None:
            return 0.0
        x = (frame - self._first_frame) / self._nominal_hz
        return self._base + x + self._height(x) + self._way

    def _height(self, x: float) -> float:
        return self._line[1] + self._slope * (x - self._line[0])

    def _is_sudden(self, x: float, arrives: float) -> bool:
        """Whether sound was lost, as what is reported has it: ``arrives`` is when, on the scale of points."""
        off = arrives - self._height(x) - self._way
        if not self._points or abs(off) <= max(_SUDDEN_S, _SUDDEN_TIMES * self._reported):
            self._sudden.clear()
            self._reported += (abs(off) - self._reported) / 64
            return False
        self._sudden = [*self._sudden[1 - _SUDDEN :], arrives]
        agreed = max(self._sudden) - min(self._sudden) <= _SUDDEN_AGREED_S
        if not agreed:
            self._reported += (_SUDDEN_S - self._reported) / 64
        return agreed and len(self._sudden) == _SUDDEN

    def _begin_anew(self, x: float, y: float, way_s: float) -> None:
        """What is reported has changed at once: sound was lost, or it takes another way."""
        height, arrives = self._height(x), median(self._sudden)
        off = arrives - height - self._way
        self._sudden.clear()
        self._off.clear()
        self._recent.clear()
        self._recent.append(way_s)
        self._window_x, self._best = x, None
        if abs(y - height) < abs(off) / 2:
            # It is still handed over when it was before.
            if abs(off) > _MOVED_S:
                self.jumps += 1
                self._way += off
                self._ways.clear()
            return
        self.jumps += 1
        self._points.clear()
        self._points.append((x, arrives - self._way))
        self._lay()

    def _close(self, point: Point, way_s: float) -> None:
        """A window is full; this was the earliest in it."""
        off = point[1] - self._height(point[0])
        if not self._points or abs(off) <= self._tolerance:
            self._off.clear()
            self._points.append(point)
            self._learn(off)
            self._lay()
            self._settle(way_s)
            return
        self._off.append((point, way_s))
        count = _LATE_WINDOWS if off > 0 else _EARLY_WINDOWS
        if self._agree(count) or len(self._off) >= _LOST_WINDOWS:
            self._step(count)
        elif len(self._off) > count:
            # By little: what a step leaves behind must not hide the next one.
            self._learn(_STEP_S)

    def _learn(self, off: float) -> None:
        self._spread += (abs(off) - self._spread) / 16

    @property
    def _tolerance(self) -> float:
        return min(_STEP_MOST_S, max(_STEP_S, _STEP_TIMES * self._spread))

    def _agree(self, count: int) -> bool:
        """Whether so many windows, the last ones, are off the line by the same."""
        offs = [y - self._height(x) for (x, y), _ in self._off[-count:]]
        return len(offs) == count and max(offs) - min(offs) <= self._tolerance

    def _lay(self) -> None:
        """The line anew."""
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

    def _settle(self, way_s: float) -> None:
        """What was reported of the way."""
        self._recent.append(way_s)
        if len(self._ways) < _SETTLED:
            self._ways.append(way_s)
            self._way = median(self._ways)

    def _step(self, count: int) -> None:
        """The last windows that were off the line are the line."""
        off, self._off = self._off[-count:], []
        before = self._line
        self._points = deque((point for point, _ in off), maxlen=_MEMORY)
        self._lay()
        by = self._line[1] - before[1] - self._slope * (self._line[0] - before[0])
        ways = [way for _, way in off]
        longer = median(ways) - median(self._recent)
        if abs(longer + by) < abs(longer):
            # A buffer on the way has changed: later here and so much shorter, or the other way round.
            self._way -= by
            self._ways = [way - by for way in self._ways]
        else:
            self.jumps += 1
        self._recent = deque(ways, maxlen=self._recent.maxlen)
