"""How a fleet comes back after an outage, and renews its tokens after a common power-on. Pure arithmetic.

The waits are those of :class:`Backoff` with its defaults, the renewals those of :func:`expiry`. Every
appliance loses a stable link in the same second, every attempt fails at once while the service is away, and
the first one after that works: the worst case, for slow networks spread a fleet further.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.token_expiry import LIFETIME_S, expiry
from tests.benchmarks.report import Aim, Row, Table, percentile

OUTAGES_S = {"2 s": 2.0, "1 min": 60.0, "10 min": 600.0, "1 h": 3600.0}
#: Of the fleet, in the busiest second.
PEAK_PERCENT = 2.0


def returns(devices: int, outage_s: float, dice: random.Random) -> list[float]:
    """When each appliance is connected again, in seconds after the service is back."""
    return [_return(outage_s, dice) for _ in range(devices)]


def renewals(devices: int, dice: random.Random) -> list[float]:
    """When each appliance renews a token got at 0 s."""
    return [expiry(0.0, None, None, dice.random()).renew_at for _ in range(devices)]


def peak_percent(times: Sequence[float]) -> float:
    """The share of the fleet in its busiest second."""
    return 100 * max(Counter(int(at) for at in times).values()) / len(times)


def measure(*, devices: int) -> list[Table]:
    """One table: reconnects and renewals."""
    dice = random.Random(3)
    options = BackoffOptions()
    rows = []
    for name, outage_s in OUTAGES_S.items():
        # One appliance shall be back at once after a short outage; a fleet cannot be spread over that.
        spread = outage_s >= options.longest_s / 2
        rows.append(_row(f"reconnects after {name} away", returns(devices, outage_s, dice), spread=spread))
    due = renewals(devices, dice)
    rows.append(_row("renewals, from the first one on", [at - min(due) for at in due], spread=True))
    notes = (
        f"{devices} appliances; seconds count from the return of the service. Waits grow to "
        f"{options.longest_s:g} s,",
        f"so to {options.longest_s / 2:g} s on average; tokens live {LIFETIME_S / 3600:g} h. "
        "After 2 s no aim is set:",
        "whoever is back within 3.4 s cannot be spread over 50 s.",
    )
    columns = ("busiest second, %", "median, s", "95 %, s", "last, s")
    return [Table("A fleet after one outage", columns, rows, notes)]


def _return(outage_s: float, dice: random.Random) -> float:
    options = BackoffOptions()
    backoff = Backoff(options, dice.random)
    now = backoff.failed(up_s=options.stable_s)
    while now < outage_s:
        now += backoff.failed()
    return now - outage_s


def _row(what: str, times: Sequence[float], *, spread: bool) -> Row:
    peak = peak_percent(times)
    figures = [f"{peak:.2f}", *(f"{percentile(times, share):.1f}" for share in (50, 95, 100))]
    return Row(what, figures, Aim(f"< {PEAK_PERCENT:g} %", peak < PEAK_PERCENT) if spread else Aim())
