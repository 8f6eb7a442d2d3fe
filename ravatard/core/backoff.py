"""How long to wait before trying again: growing, with full jitter, forgiven only after stability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class BackoffOptions:
    """Section ``reconnect``: how the appliance comes back after an outage."""

    first_s: float = setting(1.0, "Longest wait before the first new attempt.", unit="s", low=0.05, high=60)
    longest_s: float = setting(60.0, "Longest wait of all.", unit="s", low=1, high=3_600)
    stable_s: float = setting(
        30.0,
        "A link that held this long is stable, and the waits start small again.",
        unit="s",
        low=0,
        high=3_600,
    )


class Backoff:
    """Full jitter: a random wait between nothing and a ceiling that doubles.

    The ceiling is clamped *before* the power grows without bound, and falls back only after the link was
    stable: a server that accepts and closes at once must not be called in a tight loop.
    """

    def __init__(self, options: BackoffOptions, chance: Callable[[], float]) -> None:
        """``chance`` gives a number in [0, 1), so that a test can be the dice."""
        self._options = options
        self._chance = chance
        self._failures = 0

    def failed(self, *, up_s: float = 0.0, retry_after_s: float | None = None) -> float:
        """Seconds to wait after an attempt or a link that lasted ``up_s``.

        What the service asked for (``Retry-After``) is the least, spread over a further tenth.
        """
        if up_s >= self._options.stable_s:
            self._failures = 0
        exponent = min(self._failures, 30)
        self._failures += 1
        ceiling = min(self._options.longest_s, self._options.first_s * 2.0**exponent)
        wait = self._chance() * ceiling
        if retry_after_s is not None:
            wait = max(wait, retry_after_s * (1 + 0.1 * self._chance()))
        return wait
