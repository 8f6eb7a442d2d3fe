from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.avatar import requests
from ravatard.cloud.avatar.limits import ApiLimits, SlidingLog


def test_calls_wait_for_a_slot_exactly() -> None:
    log = SlidingLog(2, 60.0)
    assert log.take(0.0)
    assert log.take(10.0)

    assert not log.take(20.0)
    assert log.wait_s(20.0) == 40.0
    assert log.take(60.0)
    assert log.wait_s(60.0) == 10.0


@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=200))
def test_no_window_ever_holds_more(pauses: list[float]) -> None:
    log, now, made = SlidingLog(5, 3.0), 0.0, []

    for pause in pauses:
        now += pause
        while not log.take(now):
            now += log.wait_s(now)
        made.append(now)

    for at in made:
        # The window is open at one end; a rounding error is no call too many.
        assert sum(at < one <= at + 3.0 - 1e-6 for one in made) <= 5


def test_calls_that_are_never_delayed_are_counted() -> None:
    log = SlidingLog(2, 1.0)
    for _ in range(10):
        log.count(0.0)

    assert log.wait_s(0.5) == 0.5
    assert log.take(1.0)


def test_a_complaint_halves_the_rate_for_a_minute() -> None:
    log = SlidingLog(4, 1.0)
    log.slow_down(0.0)

    assert [log.take(0.0) for _ in range(4)] == [True, True, False, False]
    assert [log.take(61.0) for _ in range(5)] == [True, True, True, True, False]


def test_only_documented_calls_are_limited_and_none_of_the_others_waits() -> None:
    limits = ApiLimits()

    assert sum(limits.take(requests.NEW, 0.0) for _ in range(20)) == 8
    assert sum(limits.take(requests.SPEAK, 0.0) for _ in range(40)) == 24
    assert sum(limits.take(requests.CHAT, 0.0) for _ in range(80)) == 48
    assert sum(limits.socket.take(0.0) for _ in range(200)) == 80
    assert all(limits.take(requests.STOP, 0.0) for _ in range(200))
    assert limits.wait_s(requests.STOP, 0.0) == 0.0
    assert limits.wait_s(requests.NEW, 1.0) == 59.0
