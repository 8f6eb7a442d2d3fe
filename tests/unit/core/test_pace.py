"""Pace of a peer's messages: a burst at once, the rest evenly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core.pace import MessagePace


def taken(pace: MessagePace, arrivals: list[float]) -> list[float]:
    """Times at which messages are taken that arrive at ``arrivals``, each after the one before."""
    now, times = 0.0, []
    for at in arrivals:
        now = max(now, at)
        now += pace.wait_s(now)
        times.append(now)
    return times


def test_a_burst_is_taken_at_once_and_the_rest_at_the_rate() -> None:
    times = taken(MessagePace(per_s=10.0, burst=5), [0.0] * 25)

    assert times[:5] == [0.0] * 5
    assert times[-1] == pytest.approx(2.0)


def test_a_quiet_time_gives_the_burst_back_and_never_more() -> None:
    pace = MessagePace(per_s=10.0, burst=5)
    taken(pace, [0.0] * 5)

    times = taken(pace, [1_000.0] * 7)

    assert times[:5] == pytest.approx([1_000.0] * 5)
    assert times[5] > 1_000.05


@given(st.lists(st.floats(0.0, 2.0), max_size=60), st.floats(0.5, 100.0), st.integers(1, 20))
def test_no_second_sees_more_than_the_burst_and_the_rate(gaps: list[float], per_s: float, burst: int) -> None:
    arrivals, now = [], 0.0
    for gap in gaps:
        now += gap
        arrivals.append(now)

    times = taken(MessagePace(per_s, burst), arrivals)

    for first in times:
        within = sum(first <= at < first + 1.0 - 1e-6 for at in times)
        assert within <= burst + per_s + 1.0
