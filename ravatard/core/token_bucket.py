"""Token bucket of bytes: fills with time, so that no day sees more than its limit written."""

from __future__ import annotations

DAY_S = 24 * 3600.0


class TokenBucket:
    """Bytes, or lines, that may be written now; in any 24 hours never more than ``day_bytes`` in all.

    Attributes:
        left: bytes that may be written at once.
        full: the most that ``left`` can be.
    """

    def __init__(self, day_bytes: int, full: int, now: float) -> None:
        """``full`` bytes may come at once, the rest of the day's evenly; ``now``: loop time in seconds."""
        self.full = full
        self.left = float(full)
        self._per_s = (day_bytes - full) / DAY_S
        self._at = now

    def resume(self, left: float, spent: int, elapsed_s: float) -> None:
        """Go on with what was ``left`` when an earlier process began to write, ``elapsed_s`` ago.

        Args:
            left: bytes it might write then.
            spent: bytes it wrote since.
            elapsed_s: seconds since then as far as they are known; a switched-off machine saves nothing.
        """
        gained = max(0.0, elapsed_s) * self._per_s
        self.left = max(0.0, min(self.full, left - spent + gained))

    def passed(self, now: float) -> None:
        """Time has gone on to ``now``."""
        self.left = min(self.full, self.left + max(0.0, now - self._at) * self._per_s)
        self._at = now

    def spend(self, count: int) -> None:
        """``count`` bytes are written."""
        self.left -= count
