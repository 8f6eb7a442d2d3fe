from __future__ import annotations

from ravatard.core.events import Listened, MessageSent, Tick
from ravatard.core.flight.journal import Routine
from ravatard.core.flight.summary import RoutineSummary


def test_a_minute_is_one_line() -> None:
    routine = RoutineSummary(10.0)

    for event in (
        Listened(4_000, -66.04, -65.0),
        Tick(),
        Listened(8_000, -20.0, -65.26, overruns=2),
        Listened(12_000, -40.0, -65.26, overruns=2),
        MessageSent(1, 1.0, 1.0354),
        MessageSent(1, 2.0, 2.001),
        MessageSent(1, None, 3.0),
    ):
        routine.add(event)

    assert routine.since == 10.0
    assert routine.line() == Routine(3, 12_000, -66.0, -20.0, -65.3, 2, 3, 35.4)


def test_without_a_sign_of_life_it_says_so() -> None:
    assert RoutineSummary(0.0).line().listened == 0
