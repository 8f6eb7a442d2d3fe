"""How a fleet comes back after an outage, and renews its tokens after a common power-on. Pure arithmetic.

The waits are those of :class:`Backoff` with its defaults, the renewals those of :func:`expiry`. Every
appliance loses a stable link in the same second, every attempt fails at once while the service is away, and
the first one after that works: the worst case, for slow networks spread a fleet further.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush

from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.token_expiry import LIFETIME_S, expiry
from tests.benchmarks.report import Aim, Row, Table, percentile

OUTAGES_S = {"2 s": 2.0, "1 min": 60.0, "10 min": 600.0, "1 h": 3600.0}
#: Of the fleet, in the busiest second.
PEAK_PERCENT = 2.0


#: Of ``reconnect.spread_s``, tried after the shortest outage.
SPREADS_S = (10.0, 30.0, 60.0)
#: AvaTar API: ten starts of sessions a minute and address. So many appliances stand behind one router.
PLACES, WINDOW_S, BEHIND_ONE_ROUTER = 10, 60.0, 40


def returns(devices: int, outage_s: float, dice: random.Random, spread_s: float = 0.0) -> list[float]:
    """When each appliance is connected again, in seconds after the service is back."""
    return [_return(outage_s, dice, BackoffOptions(spread_s=spread_s)) for _ in range(devices)]


def asked_to_wait(devices: int, wish_s: float, dice: random.Random, spread_s: float = 0.0) -> list[float]:
    """When each appliance comes again after a service has asked all of them to wait, seconds."""
    backoffs = [Backoff(BackoffOptions(spread_s=spread_s), dice.random) for _ in range(devices)]
    return [backoff.failed(retry_after_s=wish_s) for backoff in backoffs]


def starts(devices: int, dice: random.Random, spread_s: float = 0.0) -> tuple[list[float], int]:
    """When each appliance behind one router has its session, if all want one at 0 s; and all refusals.

    A service that allows ten starts in any 60 s, and says with a refusal when the next one is free.
    """
    spread = Backoff(BackoffOptions(spread_s=spread_s), dice.random).spread
    waiting = [0.0] * devices
    served: list[float] = []
    refused = 0
    while waiting:
        now = heappop(waiting)
        recent = [at for at in served if at > now - WINDOW_S]
        if len(recent) < PLACES:
            served.append(now)
            continue
        refused += 1
        heappush(waiting, now + spread(recent[-PLACES] + WINDOW_S - now))
    return served, refused


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
    for spread_s in SPREADS_S:
        after = returns(devices, 2.0, dice, spread_s)
        rows.append(_row(f"after 2 s away, spread_s {spread_s:g}", after, spread=False))
    for spread_s in (0.0, 30.0):
        after = [at - 60.0 for at in asked_to_wait(devices, 60.0, dice, spread_s)]
        rows.append(_row(f"after Retry-After 60 s, spread_s {spread_s:g}", after, spread=False))
    due = renewals(devices, dice)
    rows.append(_row("renewals, from the first one on", [at - min(due) for at in due], spread=True))
    notes = (
        f"{devices} appliances; seconds count from the return of the service. Waits grow to "
        f"{options.longest_s:g} s,",
        f"so to {options.longest_s / 2:g} s on average; tokens live {LIFETIME_S / 3600:g} h. "
        "After 2 s no aim is set:",
        "whoever is back within 3.4 s cannot be spread over 50 s; spread_s trades one for the other.",
    )
    columns = ("busiest second, %", "median, s", "95 %, s", "last, s")
    return [Table("A fleet after one outage", columns, rows, notes), _behind_one_router(dice)]


def _behind_one_router(dice: random.Random) -> Table:
    rows = []
    for spread_s in (0.0, *SPREADS_S):
        served, refused = starts(BEHIND_ONE_ROUTER, dice, spread_s)
        minutes = Counter(int(at // WINDOW_S) for at in served)
        figures = [
            " ".join(str(minutes[minute]) for minute in range(max(minutes) + 1)),
            f"{refused}",
            f"{served[-1]:.0f}",
        ]
        rows.append(Row(f"spread_s {spread_s:g}", figures, Aim()))
    notes = (
        f"{BEHIND_ONE_ROUTER} appliances at one address want a session at once; the AvaTar API allows",
        f"{PLACES} starts a minute, and its refusals say when the next one is free.",
    )
    return Table("Sessions behind one router", ("started in each minute", "refused", "last, s"), rows, notes)


def _return(outage_s: float, dice: random.Random, options: BackoffOptions) -> float:
    backoff = Backoff(options, dice.random)
    now = backoff.failed(up_s=options.stable_s)
    while now < outage_s:
        now += backoff.failed()
    return now - outage_s


def _row(what: str, times: Sequence[float], *, spread: bool) -> Row:
    peak = peak_percent(times)
    figures = [f"{peak:.2f}", *(f"{percentile(times, share):.1f}" for share in (50, 95, 100))]
    return Row(what, figures, Aim(f"< {PEAK_PERCENT:g} %", peak < PEAK_PERCENT) if spread else Aim())
