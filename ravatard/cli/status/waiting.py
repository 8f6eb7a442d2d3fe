"""Wait for an appliance that works, as after an installation, or for the end of a conversation."""

from __future__ import annotations

from collections.abc import Callable

from ravatard.cli.status.words import Report
from ravatard.core.states import TalkState
from ravatard.host.control.client import NoAccessError, NoDaemonError

#: Pause between two questions. An answer takes milliseconds, and a start half a second.
PAUSE_S = 0.5
#: Silence after which a conversation is over, seconds: most answer within it.
OVER_S = 30.0


def is_working(report: Report) -> bool:
    """Return True if the appliance works."""
    return bool(report["working"])


def is_idle(report: Report) -> bool:
    """Return True if no conversation goes on: the last turn is over for :data:`OVER_S`."""
    turns = report["turns"]
    return report["talk"] == TalkState.IDLE.value and (not turns or turns[-1]["ended_s_ago"] >= OVER_S)


def wait_until(
    reached: Callable[[Report], bool],
    ask: Callable[[], Report],
    limit_s: float,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], object],
) -> Report:
    """Return the first report that is ``reached``, or the last one within ``limit_s``.

    Args:
        reached: tells whether it is waited for no longer.
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
        if report is not None and (reached(report) or left_s <= 0):
            return report
        if left_s <= 0 and missing is not None:
            raise missing
        sleep(min(PAUSE_S, left_s))
