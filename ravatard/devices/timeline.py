"""Frames of a sound device against the monotonic clock: late and jittering times made smooth; no I/O."""

from __future__ import annotations

import math

#: What was observed this long ago counts a third of what is observed now.
_MEMORY_S = 10.0
#: Observations in a row that are this far off are no jitter: sound was lost or the device stood still.
_JUMP_S, _JUMP_TIMES = 0.003, 3
#: Before it is known better a clock is right, give or take 200 ppm, and an observation give or take 1 ms: the
#: square of their ratio (ridge regression).
_TRUST_S2 = 25.0
#: No crystal is worse.
_WORST = 1e-3


class Timeline:
    """When which frame is at the device: the straight line that fits best what was observed.

    Attributes:
        rate_hz: frames a second by the monotonic clock.
        jumps: times it had to begin anew.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = float(rate_hz)
        self.jumps = 0
        self._nominal_hz = rate_hz
        self._frame = 0
        self._began = False
        self._off = 0
        # The line, at the last frame observed: its time there, and the weighted sums it follows from. Times
        # count from what the nominal rate predicts after the first observation.
        self._at = self._base = 0.0
        self._n = self._x = self._y = self._xx = self._xy = 0.0

    def observe(self, frame: int, at: float) -> None:
        """Frame number ``frame`` was seen at ``at``. Frames only grow."""
        if not self._began:
            self._begin(frame, at)
            return
        if frame <= self._frame:
            return
        if abs(at - self.time_of(frame)) > _JUMP_S:
            self._off += 1
            if self._off >= _JUMP_TIMES:
                self.jumps += 1
                self._begin(frame, at)
            return
        self._off = 0
        self._forward((frame - self._frame) / self._nominal_hz)
        self._frame = frame
        self._n += 1
        self._y += at - self._base
        self._fit()

    def time_of(self, frame: float) -> float:
        """When ``frame`` is at the device; 0.0 before anything was observed."""
        return self._at + (frame - self._frame) / self.rate_hz if self._began else 0.0

    def _begin(self, frame: int, at: float) -> None:
        self._frame, self._at, self._base = frame, at, at
        self._began = True
        self._off = 0
        self._n, self._x, self._y, self._xx, self._xy = 1.0, 0.0, 0.0, 0.0, 0.0
        self.rate_hz = float(self._nominal_hz)

    def _forward(self, seconds: float) -> None:
        """Move the origin of the sums, and let them fade."""
        self._base += seconds
        self._xx += seconds * (seconds * self._n - 2 * self._x)
        self._x -= seconds * self._n
        self._xy -= seconds * self._y
        fade = math.exp(-seconds / _MEMORY_S)
        self._n *= fade
        self._x *= fade
        self._y *= fade
        self._xx *= fade
        self._xy *= fade

    def _fit(self) -> None:
        spread = self._n * (self._xx + _TRUST_S2) - self._x * self._x
        slower = (self._n * self._xy - self._x * self._y) / spread
        slower = min(_WORST, max(-_WORST, slower))
        self._at = self._base + (self._y - slower * self._x) / self._n
        self.rate_hz = self._nominal_hz / (1 + slower)
