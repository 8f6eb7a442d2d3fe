"""Wait for an appliance that works, as after an installation or a restart."""

from __future__ import annotations

from collections.abc import Callable

from ravatard.cli.status.words import Report
from ravatard.host.control.client import NoAccessError, NoDaemonError

#: Pause between two questions. An answer takes milliseconds, and a start half a second.
PAUSE_S = 0.5


def wait_until_working(
    ask: Callable[[], Report],
    limit_s: float,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], object],
) -> Report:
    """Return the first report of an appliance that works, or the last one within ``limit_s``.

    Args:
        ask: returns a report, or raises NoDaemonError.
        limit_s: longest wait, seconds; it is asked once at least.
        clock: seconds.
        sleep: waits for so many seconds.

    Raises:
        NoDaemonError: no daemon answers, until the end; or we may not ask it.
    """
    until = clock() + limit_s
    while True:
        report, missing = None, None
        try:
            report = ask()
        except NoAccessError:
            raise
        except NoDaemonError as error:
            missing = error
        left_s = until - clock()
        if report is not None and (report["working"] or left_s <= 0):
            return report
        if left_s <= 0 and missing is not None:
            raise missing
        sleep(min(PAUSE_S, left_s))
