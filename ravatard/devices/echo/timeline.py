"""Clock recovery: frames of a sound device against the monotonic clock, without jitter; no I/O.

Of each observation there are two times. The **handover** of sound is late by the load of the machine and by
the buffer on the way, never early: its lower edge is as steady as the device's clock, until the buffer
changes. The **arrival** at the device is the handover and the latency that a driver or a sound server
reports. Measured against the sound itself, under PulseAudio and on a busy machine: the lower edge of the
speaker's handover is right to 0.05 ms for seconds, while the reported latency wanders by 10 ms, at 14 ms a
second, and jumps by 23 ms where nothing was lost; of the microphone the handover moves by 20 ms with every
block, and the arrival is right to 0.05 ms.

So a straight line, an offset and the drift of the clock, is fitted to one of the two, as a rule to the
handover of a speaker and the arrival of a microphone, and the other one explains its steps. A step of the
handover alone is one of the buffer, and moves nothing. Where sound was lost, the line is moved as a whole, so
that the drift is not forgotten.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from ravatard.devices.echo.lower_envelope import Point, height_below, slope_below

#: An observation, or what stands for a window of them: seconds of sound; and the seconds by which its
#: handover, and its arrival, are behind them.
_Seen = tuple[float, float, float]
_HANDOVER, _ARRIVAL = 1, 2
#: Sound was just lost if this many arrivals in a row are off the last ones by this much, or by so many times
#: the usual deviation, and agree within the last figure. They are spread over some time: all those of a burst
#: behind a stall have one report, which may be wrong by a millisecond.
_NEAR, _SUDDEN, _SUDDEN_S, _SUDDEN_TIMES, _SUDDEN_AGREED_S = 8, 3, 0.004, 8.0, 0.001
_SUDDEN_LASTS_S = 0.015
#: The usual deviation is one that three in four do not exceed: it grows by the first factor with each that
#: does.
_SCATTER_UP, _SCATTER_DOWN, _SCATTER_S = 1.06, 0.98, 1e-4
#: Arrivals in a row that are off and agree in nothing, after which the newest are believed.
_LOST = 24
#: A step of the reported latency alone is believed from here on: the stream goes another way. Below that it
#: may be PulseAudio's report, which has been wrong by 120 ms.
_MOVED_S = 0.3
#: Window of sound in which only one observation counts: the earliest. For precise arrivals it is the earliest
#: of the closest half, of so many or more: a few of PulseAudio's for a microphone are early by 5 ms.
_WINDOW_S, _HALVED, _PRECISE_S = 0.18, 5, 0.0003
#: Windows that the line is fitted to: 16 s. Two clocks drift apart by less than 0.1 ms/s meanwhile.
_MEMORY = 90
#: Windows by whose differences a series is judged, and the fewest. The line of a speaker follows handovers,
#: that of a microphone arrivals; or the other one, if the differences of the usual one are so many times as
#: large, and more.
_COMPARED, _FEWEST_COMPARED, _STEADIER, _STEADIER_S = 48, 4, 2.5, 0.00005
#: Difference of neighbouring arrivals up to which they tell how long a loss was.
_CALM_S = 0.0003
#: Smaller steps of the handover, which the arrivals do not have, are those of a buffer.
_BUFFER_S, _ALIKE_S = 0.005, 0.001
#: This many windows in a row late, and agreeing, are a step and no jitter, found within a second. Fewer early
#: ones suffice: jitter is never early.
_LATE_WINDOWS, _EARLY_WINDOWS = 4, 2
#: After this many windows that do not agree the line is given up.
_LOST_WINDOWS = 12
#: Least size of a step; on a busy machine so many times the usual offset of windows, up to the last figures:
#: the first of them while arrivals are precise.
_STEP_S, _STEP_TIMES, _STEP_CALM_S, _STEP_MOST_S = 0.0005, 6.0, 0.001, 0.006
#: Time after which the observed rate of a clock counts as much as the assumed one: for a new clock the usual
#: deviation over its likely drift, within limits; and for one that has been observed for a while.
_NEW_LEAST_S, _NEW_S, _LIKELY, _KNOWN_S = 0.3, 2.0, 3e-4, 8.0
#: Largest drift that is believed. Crystals have 100 ppm, ALSA's conversion from 44.1 kHz 90, a null sink of
#: PulseAudio, which rounds each block to a microsecond, some 500.
_WORST = 1.5e-3


class Timeline:
    """Times at which frames are at the device.

    Attributes:
        rate_hz: frames a second by the monotonic clock.
        jumps: times sound was lost, stopped, or goes another way.
    """

    def __init__(self, rate_hz: int, *, known_hz: float | None = None) -> None:
        """``known_hz``: measured value of the nominal ``rate_hz``, if it is known from before."""
        self.jumps = 0
        self._nominal_hz = rate_hz
        self._slope = self._prior = rate_hz / known_hz - 1 if known_hz else 0.0
        self.rate_hz = rate_hz / (1 + self._slope)
        self._first_frame: int | None = None
        self._base = 0.0
        self._newest_x = -1.0
        # The line is that of true arrivals; each series is brought to it by its offset: a handover by the
        # length of the buffer, an arrival by the error of its report.
        self._points: deque[Point] = deque(maxlen=_MEMORY)
        self._line: Point = (0.0, 0.0)
        self._series = _ARRIVAL
        self._offsets = [0.0, 0.0, 0.0]
        # Nothing is known of the buffer: at first, and after a loss.
        self._is_fresh, self._is_new = True, True
        self._spread, self._is_known = 0.0, False
        # The window that was accepted last; the next one may have sound of before and after a loss in it.
        self._accepted: _Seen | None = None
        self._window: list[_Seen] = []
        self._before: _Seen | None = None
        self._changes = (deque[float](), deque[float](maxlen=_COMPARED), deque[float](maxlen=_COMPARED))
        # Windows off the line.
        self._off: list[_Seen] = []
        # The last observations, their usual deviation, and those that deviate.
        self._near: deque[_Seen] = deque(maxlen=_NEAR)
        self._scatter = _SCATTER_S
        self._far: list[_Seen] = []

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
        seen = (x, handed, handed + latency_s)
        if self._is_far(seen):
            self._far.append(seen)
            self._look_for_loss()
            return
        self._far.clear()
        self._near.append(seen)
        if self._window and x - self._window[0][0] >= _WINDOW_S:
            self._close(self._edges())
            self._window.clear()
        self._window.append(seen)
        if self._is_new:
            # Until the first window is full.
            self._line = (x, min(each[_ARRIVAL] for each in self._window))

    def time_of(self, frame: float) -> float:
        """Return when ``frame`` is at the device; 0.0 before the first observation."""
        if self._first_frame is None:
            return 0.0
        x = (frame - self._first_frame) / self._nominal_hz
        return self._base + x + self._height(x)

    def _height(self, x: float) -> float:
        return self._line[1] + self._slope * (x - self._line[0])

    def _off_by(self, window: _Seen, series: int) -> float:
        """Return by how much a series is off the line."""
        return window[series] + self._offsets[series] - self._height(window[0])

    # -------------------------------------------------------------- losses, by single observations

    def _is_far(self, seen: _Seen) -> bool:
        """Return True if an arrival is far off the last ones."""
        if not self._near:
            return False
        off = abs(seen[_ARRIVAL] - median([near[_ARRIVAL] for near in self._near]))
        is_far = off > max(_SUDDEN_S, _SUDDEN_TIMES * self._scatter)
        # A few are off by much, and must not hide what the others show.
        self._scatter *= _SCATTER_UP if off > self._scatter else _SCATTER_DOWN
        return is_far

    def _look_for_loss(self) -> None:
        """Move the line, if the last observations agree that sound was lost."""
        newest = self._far[-_SUDDEN:]
        lasts_s = newest[-1][0] + newest[-1][_HANDOVER] - newest[0][0] - newest[0][_HANDOVER]
        if len(newest) < _SUDDEN or lasts_s < _SUDDEN_LASTS_S:
            return
        arrivals = [each[_ARRIVAL] for each in newest]
        if max(arrivals) - min(arrivals) > _SUDDEN_AGREED_S and len(self._far) < _LOST:
            return
        by = median(arrivals) - median([near[_ARRIVAL] for near in self._near])
        moved = min(each[_HANDOVER] for each in newest) - min(near[_HANDOVER] for near in self._near)
        self._near = deque(newest, maxlen=_NEAR)
        self._far.clear()
        self._window.clear()
        self._before = None
        if abs(moved) < abs(by) / 2 and abs(by) < _MOVED_S and not self._is_new:
            # The handover goes on as before: it is the report that has changed.
            self._offsets[_ARRIVAL] -= by
            return
        self._lose(by if self._is_calm or abs(moved) < abs(by) / 2 else moved)
        self._is_fresh = True

    @property
    def _is_calm(self) -> bool:
        """True if arrivals tell how much sound was lost: their reports do not wander."""
        return self._change(_ARRIVAL) <= _CALM_S

    def _lose(self, by: float) -> None:
        """Move the line; how long the loss was is known too badly for a drift to be seen across it."""
        self.jumps += 1
        self._off.clear()
        if self._points and self._points[-1][0] - self._points[0][0] > _NEW_S:
            self._prior = self._slope
        self._points.clear()
        self._shift(by)

    def _shift(self, by: float) -> None:
        self._line = (self._line[0], self._line[1] + by)

    # -------------------------------------------------------------- windows

    def _edges(self) -> _Seen:
        """Return what stands for the window, at its beginning: the lower edges of both series."""
        begin = self._window[0][0]
        level = [(self._slope * (begin - x), handed, arrives) for x, handed, arrives in self._window]
        arrivals = sorted(by + arrives for by, _, arrives in level)
        arrival = arrivals[0]
        if len(arrivals) >= _HALVED and self._scatter < _PRECISE_S:
            last = len(arrivals) // 2
            spans = [late - early for early, late in zip(arrivals, arrivals[last:], strict=False)]
            arrival = arrivals[spans.index(min(spans))]
        return begin, min(by + handed for by, handed, _ in level), arrival

    def _close(self, window: _Seen) -> None:
        """Take a full window."""
        self._compare(window)
        if self._is_fresh:
            self._begin(window)
        off = self._off_by(window, self._series)
        if not self._points or abs(off) <= self._tolerance:
            self._accept(window, off)
            return
        self._off.append(window)
        count = _LATE_WINDOWS if off > 0 else _EARLY_WINDOWS
        if self._agree(count) or len(self._off) >= _LOST_WINDOWS:
            self._step(self._off[-count:])
        elif len(self._off) > count:
            # Learned slowly: the rest of a step must not hide the next one.
            self._learn(_STEP_S)

    def _compare(self, window: _Seen) -> None:
        """Learn which series is steadier, and let the line follow that one."""
        if self._before is not None:
            drift = self._slope * (window[0] - self._before[0])
            for series in (_HANDOVER, _ARRIVAL):
                self._changes[series].append(abs(window[series] - self._before[series] - drift))
        self._before = window
        usual = _HANDOVER if window[_ARRIVAL] > window[_HANDOVER] else _ARRIVAL
        other = _HANDOVER + _ARRIVAL - usual
        is_steadier = self._change(usual) > _STEADIER * self._change(other) + _STEADIER_S
        self._series = other if is_steadier else usual

    def _change(self, series: int) -> float:
        """Return the difference of neighbouring windows that three in four do not exceed."""
        changes = sorted(self._changes[series])
        return changes[len(changes) * 3 // 4] if len(changes) > _FEWEST_COMPARED else 0.0

    def _begin(self, window: _Seen) -> None:
        """Learn how long the buffer is."""
        self._is_fresh = False
        if self._is_new:
            self._is_new = False
            self._line = (window[0], window[_ARRIVAL])
        elif not self._is_calm:
            self._shift(self._off_by(window, _HANDOVER))
        self._join(window)
        self._accepted = None

    def _join(self, window: _Seen, *series: int) -> None:
        """Bring series to the line."""
        for each in series or (_HANDOVER, _ARRIVAL):
            self._offsets[each] -= self._off_by(window, each)

    def _accept(self, window: _Seen, off: float) -> None:
        self._off.clear()
        self._points.append((window[0], window[self._series] + self._offsets[self._series]))
        self._learn(off)
        self._fit()
        if self._accepted is not None:
            self._join(self._accepted, _HANDOVER + _ARRIVAL - self._series)
        self._accepted = window

    def _step(self, windows: list[_Seen]) -> None:
        """Understand windows that were off the line."""
        other = _HANDOVER + _ARRIVAL - self._series
        # Of the lower edge, as the line is one: their median would move it down with every step.
        off, also = (min(self._off_by(each, series) for each in windows) for series in (self._series, other))
        self._off = []
        is_buffer = self._series == _HANDOVER and abs(also - off) > max(_ALIKE_S, abs(off) / 4)
        if is_buffer and (abs(also) < abs(off) / 2 or off < _BUFFER_S):
            self._offsets[_HANDOVER] -= off
        else:
            self._lose(off)
            self._points.append((windows[-1][0], self._height(windows[-1][0])))
            self._join(windows[-1], other)
        self._accepted = None

    def _agree(self, count: int) -> bool:
        """Return True if the last ``count`` windows are off the line by the same."""
        offs = [self._off_by(each, self._series) for each in self._off[-count:]]
        return len(offs) == count and max(offs) - min(offs) <= self._tolerance

    def _learn(self, off: float) -> None:
        self._spread += (abs(off) - self._spread) / 16

    @property
    def _tolerance(self) -> float:
        most = _STEP_CALM_S if self._is_calm else _STEP_MOST_S
        return min(most, max(_STEP_S, _STEP_TIMES * self._spread))

    # -------------------------------------------------------------- the line

    def _fit(self) -> None:
        """Fit the line again."""
        points, newest = self._points, self._points[-1][0]
        span = newest - points[0][0]
        if span:
            doubt_s = _KNOWN_S if self._is_known else min(_NEW_S, max(_NEW_LEAST_S, self._scatter / _LIKELY))
            trust = span * span / (span * span + doubt_s * doubt_s)
            slope = self._prior + (slope_below(points) - self._prior) * trust
            self._slope = min(_WORST, max(-_WORST, slope))
            if span > _KNOWN_S:
                if not self._is_known:
                    self._prior, self._is_known = self._slope, True
                self._prior += (self._slope - self._prior) / _MEMORY
        self._line = (newest, height_below(points, self._slope, newest))
        self.rate_hz = self._nominal_hz / (1 + self._slope)
