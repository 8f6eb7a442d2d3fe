"""Noise floor: the lowest level of the last seconds, which is the room without speech."""

from __future__ import annotations

import math
from collections import deque

#: Levels are smoothed over about three frames of 20 ms: one frame of noise scatters by 1-2 dB, and the lowest
#: of a hundred such frames would lie well below the noise.
SMOOTHING_MS = 60
#: The floor is the lowest smoothed level of this many blocks of this length. 2.4 s spans the gaps between
#: words (so that speech does not lift the floor), and is how long a fan that was switched on counts as new.
BLOCK_MS = 200
BLOCKS = 12
#: Below this there is no room, only the converter: 8 steps of 16 bits.
LOWEST_DB = -72.0


class NoiseFloor:
    """Follows the level of steady noise: down at once, up after :data:`BLOCKS` blocks.

    Attributes:
        db: the floor, dBFS, never below :data:`LOWEST_DB`.
    """

    def __init__(self, frame_ms: int) -> None:
        self.db = LOWEST_DB
        self._weight = 1 - math.exp(-frame_ms / SMOOTHING_MS)
        self._block_frames = max(1, BLOCK_MS // frame_ms)
        self._past: deque[float] = deque(maxlen=BLOCKS - 1)
        self._past_lowest = math.inf
        self._smooth: float | None = None
        self._lowest = math.inf
        self._frames = 0

    def update(self, level_db: float) -> None:
        """Take the level of the next frame, dBFS."""
        smooth = self._smooth
        smooth = level_db if smooth is None else smooth + (level_db - smooth) * self._weight
        self._smooth = smooth
        self._lowest = min(self._lowest, smooth)
        self.db = max(LOWEST_DB, min(self._past_lowest, self._lowest))
        self._frames += 1
        if self._frames == self._block_frames:
            self._past.append(self._lowest)
            self._past_lowest = min(self._past)
            self._lowest = math.inf
            self._frames = 0
