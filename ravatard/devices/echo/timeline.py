"""Clock recovery: frames of a sound device against the monotonic clock, without jitter; no I/O.

An observation is the time at which sound was handed over, and the **latency** from there to the device, as a
driver or a sound server reports it. Their sum, the time of **arrival**, is steady where the report is good: to
40 us with PulseAudio, whose buffers, and so the times of handover, move by 20 ms. Without a report it is late by
the load of the machine, and never early. Both have their true times at the lower edge of most observations.

A straight line is fitted to them: an offset, and the drift of the device's clock. A null sink of PulseAudio, which
rounds each block to a microsecond, is off by 200 ppm. Sound that was lost is a step: the line is moved by it as a whole,
so that neither the drift nor what was known of the offset is forgotten.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from ravatard.devices.echo.lower_envelope import Point, height_below, slope_below

#: The last observations, with which the next ones are compared: a step is sudden, and a drift is not.
_NEAR = 8
#: Least size of a step, or so many times the usual deviation of an observation.
_STEP_S, _STEP_TIMES = 0.0005, 8.0
#: So many observations in a row show a step, over so much time, and agree within the least figure or within twice
#: the usual deviation, up to the last one. A burst behind a stall has one report, which may be wrong by a
#: millisecond. With a deviation above 0.2 ms more are needed.
_FEW, _MANY, _NOISY_S = 3, 5, 0.0002
_LASTING_S, _AGREED_S, _AGREED_TIMES, _AGREED_MOST_S = 0.015, 0.0003, 2.0, 0.001
#: Observations that do not agree, after which the newest are believed.
_LOST = 24
#: Smaller steps of the latency alone, without one of the handover, are those of the report.
_MOVED_S = 0.02
#: Window of sound in which only the lower edge of most observations counts; with fewer than so many the earliest.
_WINDOW_S, _MOST_OF = 0.18, 5
#: Windows that the line is fitted to: 16 s; 6 s where reports are precise, as a sound server's clock may turn.
_MEMORY, _PRECISE_MEMORY = 90, 33
#: This many windows in a row late, and agreeing, are a step and no jitter. Fewer early ones suffice: jitter is
#: never early.
_LATE_WINDOWS, _EARLY_WINDOWS = 4, 2
#: After this many windows that do not agree the line is given up.
_LOST_WINDOWS = 12
#: Least deviation of a window that is off the line; on a busy machine so many times the usual one, up to the last.
_OFF_S, _OFF_TIMES, _OFF_MOST_S = 0.001, 6.0, 0.006
#: Time after which the observed drift counts as much as the assumed one: for a new clock by the deviation of
#: observations over the last figure, within limits; and for one that has been observed for a while.
_NEW_LEAST_S, _NEW_S, _LIKELY = 0.3, 2.0, 3e-4
_KNOWN_S = 8.0
#: Largest drift that is believed: 1,500 ppm. Crystals have 100, conversions from 44.1 kHz 90, null sinks some 500.
_WORST = 1.5e-3


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
        # Points: seconds of sound, and seconds by which its arrival is behind them.
        self._first_frame: int | None = None
        self._base = 0.0
        self._newest_x = -1.0
        self._points: deque[Point] = deque(maxlen=_MEMORY)
        self._line: Point = (0.0, 0.0)
        self._is_known = False
        # Correction of the reported latency.
        self._bias = 0.0
        self._window: list[Point] = []
        # The last observations: height over a line of the known slope, and height of the handover. Then those
        # that deviate: when they were seen, with the same two.
        self._near: deque[tuple[float, float]] = deque(maxlen=_NEAR)
        self._far: list[tuple[float, float, float]] = []
        self._scatter, self._seen = 0.0, 0
        # Windows off the line, and the usual deviation of windows.
        self._off: list[Point] = []
        self._spread = 0.0

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
        handed = seen_at - self._base - x
        y = handed + latency_s + self._bias
        if self._deviates(y - self._slope * x, handed, seen_at):
            if (by := self._step()) is None:
                return
            y += by
        if self._window and x - self._window[0][0] >= _WINDOW_S:
            self._close(self._best())
            self._window.clear()
        self._window.append((x, y))
        if not self._points:
            self._line = min(self._window, key=lambda point: point[1] - self._slope * point[0])

    def time_of(self, frame: float) -> float:
        """Return when ``frame`` is at the device; 0.0 before the first observation."""
        if self._first_frame is None:
            return 0.0
        x = (frame - self._first_frame) / self._nominal_hz
        return self._base + x + self._height(x)

    def _height(self, x: float) -> float:
        return self._line[1] + self._slope * (x - self._line[0])

    # -------------------------------------------------------------- steps

    def _deviates(self, height: float, handed: float, seen_at: float) -> bool:
        """Return True if an observation is off those before it; it is then kept until it is understood."""
        off = abs(height - median([near for near, _ in self._near])) if self._near else 0.0
        is_far = off > max(_STEP_S, _STEP_TIMES * self._scatter)
        # Learned from those that deviate, too, or a noisy clock would never be known; but not much from each.
        self._seen += 1
        self._scatter += (min(off, 3 * self._scatter + 1e-4) - self._scatter) / min(32, self._seen + 2)
        if is_far:
            self._far.append((seen_at, height, handed))
            return True
        self._far.clear()
        self._near.append((height, handed))
        return False

    def _step(self) -> float | None:
        """Return by how much the newest observation is to be corrected, if those that deviate are a step."""
        needed = _FEW if self._is_precise else _MANY
        newest = self._far[-needed:]
        if len(newest) < needed or newest[-1][0] - newest[0][0] < _LASTING_S:
            return None
        heights = [height for _, height, _ in newest]
        within = min(_AGREED_MOST_S, max(_AGREED_S, _AGREED_TIMES * self._scatter))
        if max(heights) - min(heights) > within and len(self._far) < _LOST:
            return None
        by = median(heights) - median([near for near, _ in self._near])
        moved = min(handed for _, _, handed in newest) - min(handed for _, handed in self._near)
        self._far.clear()
        if abs(moved) < abs(by) / 2 and abs(by) < _MOVED_S:
            # The handover goes on as before: it is the report that has changed.
            self._bias -= by
            return -by
        self.jumps += 1
        self._near = deque([(height, handed) for _, height, handed in newest], maxlen=_NEAR)
        self._shift(by)
        self._window.clear()
        self._off.clear()
        return 0.0

    def _shift(self, by: float) -> None:
        """Move the line, and all that it is fitted to."""
        self._points = deque([(x, y + by) for x, y in self._points], maxlen=_MEMORY)
        self._line = (self._line[0], self._line[1] + by)

    # -------------------------------------------------------------- the line

    @property
    def _is_precise(self) -> bool:
        return self._scatter < _NOISY_S

    def _best(self) -> Point:
        """Return the observation that stands for the window: the earliest.

        Where reports are precise a few are wrong, also early: then it is the earliest of the closest half.
        """
        ordered = sorted(self._window, key=lambda point: point[1])
        if not self._is_precise or len(ordered) < _MOST_OF:
            return ordered[0]
        last = len(ordered) // 2
        spans = [later[1] - point[1] for point, later in zip(ordered, ordered[last:], strict=False)]
        return ordered[spans.index(min(spans))]

    def _close(self, point: Point) -> None:
        """Take ``point``, the observation that stands for a full window."""
        off = point[1] - self._height(point[0])
        if not self._points or abs(off) <= self._tolerance:
            self._off.clear()
            self._points.append(point)
            self._learn(off)
            self._fit()
            return
        self._off.append(point)
        count = _LATE_WINDOWS if off > 0 else _EARLY_WINDOWS
        agree = self._agree(count)
        if agree or len(self._off) >= _LOST_WINDOWS:
            newest, self._off = self._off[-count:], []
            self.jumps += 1
            if agree:
                self._shift(median(y - self._height(x) for x, y in newest))
            else:
                self._points.clear()
            self._points.extend(newest)
            self._fit()
        elif len(self._off) > count:
            # Learned slowly: the rest of a step must not hide the next one.
            self._learn(_OFF_S)

    def _learn(self, off: float) -> None:
        self._spread += (abs(off) - self._spread) / 16

    @property
    def _tolerance(self) -> float:
        return min(_OFF_MOST_S, max(_OFF_S, _OFF_TIMES * self._spread))

    def _agree(self, count: int) -> bool:
        """Return True if the last ``count`` windows are off the line by the same."""
        offs = [y - self._height(x) for x, y in self._off[-count:]]
        return len(offs) == count and max(offs) - min(offs) <= self._tolerance

    def _fit(self) -> None:
        """Fit the line again."""
        points = list(self._points)[-(_PRECISE_MEMORY if self._is_precise else _MEMORY) :]
        newest = points[-1][0]
        span = newest - points[0][0]
        if span:
            least = min(_NEW_S, max(_NEW_LEAST_S, self._scatter / _LIKELY))
            doubt = _KNOWN_S if self._is_known else least
            trust = span * span / (span * span + doubt * doubt)
            slope = self._prior + (slope_below(points) - self._prior) * trust
            self._turn(min(_WORST, max(-_WORST, slope)))
            if newest - self._points[0][0] > _KNOWN_S:
                if not self._is_known:
                    self._prior, self._is_known = self._slope, True
                self._prior += (self._slope - self._prior) / _MEMORY
        self._line = (newest, height_below(points, self._slope, newest))
        self.rate_hz = self._nominal_hz / (1 + self._slope)

    def _turn(self, slope: float) -> None:
        """Take another slope."""
        by = (self._slope - slope) * self._newest_x
        self._near = deque([(height + by, handed) for height, handed in self._near], maxlen=_NEAR)
        self._far = [(seen_at, height + by, handed) for seen_at, height, handed in self._far]
        self._slope = slope

