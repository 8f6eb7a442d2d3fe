"""Backoff: growing waits with full jitter, forgiven only after stability.

Two wishes pull at the waits; ``tests/benchmarks/fleet.py`` measures both:

- After a short outage one appliance shall be back at once. A wait is therefore little longer than the waits
  before it together: a service that was away for ``L`` seconds is reached ``1 + L + L*L/10`` seconds after
  its return at the latest (away for 1 s: 2.1 s).
- After a long outage a fleet shall not come back in one second. With waits spread over 0 to ``c`` the
  busiest second sees ``2 / c`` of the fleet: 3.3 % for a ceiling of 60 s, and 1.7 % for one of 120 s, whose
  waits take 60 s on average. From an outage of a minute on the ceiling is that high.

After two seconds both cannot be had: 61 % of a fleet come back in its busiest second, because each is back
within 3.4 s. An appliance cannot know how many wait with it; ``spread_s`` says that they are many. With 30 s
the busiest second sees 3.9 % of the fleet, and one appliance waits for 15 s on average; a press asks at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class BackoffOptions:
    """Section ``reconnect``: how the appliance comes back after an outage."""

    first_s: float = setting(1.0, "Longest wait before the first new attempt.", unit="s", low=0.05, high=60)
    longest_s: float = setting(
        120.0,
        "Longest wait of all. The waits of a long outage take half of it on average; a smaller one brings "
        "a fleet back in a steeper rush.",
        unit="s",
        low=1,
        high=3_600,
    )
    stable_s: float = setting(
        30.0,
        "A link that held this long is stable, and the waits start small again.",
        unit="s",
        low=0,
        high=3_600,
    )
    spread_s: float = setting(
        0.0,
        "For many appliances at one service: spread their first attempts, and what the service has them wait "
        "for, over so many seconds. Each is offline for half of it on average after the shortest outage.",
        unit="s",
        low=0,
        high=600,
    )


#: The ceiling grows with the square of what was waited so far over this: slowly at first, steeply after it.
STEEP_S = 10.0
#: Longest wait that a service may ask for (Retry-After), for a link or a session: it may be wrong by decades,
#: and an appliance that does not ask is deaf. A press asks at once.
LONGEST_WISH_S = 600.0


class Backoff:
    """Full jitter: a random wait between nothing and a ceiling that grows with what was waited so far.

    The ceiling falls back only after the link was stable. A link that came up and did not hold costs at least
    half the ceiling ("equal jitter"), whatever the dice say: a server that accepts and closes at once is
    never called in a tight loop.
    """

    def __init__(self, options: BackoffOptions, chance: Callable[[], float]) -> None:
        """``chance`` gives a number in [0, 1), so that a test can be the dice."""
        self._options = options
        self._chance = chance
        self._waited_s = 0.0

    def failed(self, *, up_s: float | None = None, retry_after_s: float | None = None) -> float:
        """Return the seconds to wait after an attempt (``up_s`` None) or a link that was up for ``up_s``.

        A wait the service asked for (``Retry-After``) is the least, see :meth:`spread`.
        At most ten minutes of it count: one of a day may come from a maintenance page or a wrong date.
        """
        flapped = up_s is not None and up_s < self._options.stable_s
        if up_s is not None and not flapped:
            self._waited_s = 0.0
        waited_s = self._waited_s
        growing_s = self._options.first_s + waited_s + waited_s * waited_s / STEEP_S
        ceiling_s = max(min(self._options.longest_s, growing_s), self._options.spread_s)
        wait_s = ceiling_s * self._chance()
        if flapped:
            wait_s = (ceiling_s + wait_s) / 2
        if retry_after_s is not None:
            wait_s = max(wait_s, self.spread(min(retry_after_s, LONGEST_WISH_S)))
        # Nothing grows any more beyond the longest wait, however long the outage.
        self._waited_s = min(waited_s + wait_s, self._options.longest_s)
        return wait_s

    def spread(self, pause_s: float) -> float:
        """Return a pause that many appliances are given alike, and up to a tenth or ``spread_s`` more.

        Without it they would all be back in the same second.
        """
        return pause_s + max(0.1 * pause_s, self._options.spread_s) * self._chance()
