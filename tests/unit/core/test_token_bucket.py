from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.token_bucket import DAY_S, TokenBucket


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 20_000), st.integers(0, 2_000)), max_size=60))
def test_no_day_sees_more_than_was_allowed(steps: list[tuple[float, int]]) -> None:
    allowance = TokenBucket(1_000, 100, 0.0)
    now, written = 0.0, []
    for passed, wanted in steps:
        now += passed
        allowance.passed(now)
        count = min(wanted, int(allowance.left))
        allowance.spend(count)
        written.append((now, count))

    for begin, _ in written:
        assert sum(count for at, count in written if begin <= at < begin + DAY_S) <= 1_000


def test_it_fills_with_time_and_never_over() -> None:
    allowance = TokenBucket(1_000, 100, 0.0)
    allowance.spend(100)

    allowance.passed(DAY_S / 18)
    assert allowance.left == pytest.approx(50)
    allowance.passed(DAY_S)
    assert allowance.left == 100


def test_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    allowance = TokenBucket(1_000, 100, 10.0)
    allowance.spend(50)

    allowance.passed(5.0)

    assert allowance.left == 50


@pytest.mark.parametrize(
    ("left", "spent", "elapsed_s", "after"),
    [
        (80.0, 30, 0.0, 50.0),
        (80.0, 30, DAY_S / 90, 60.0),
        (80.0, 30, -5.0, 50.0),
        (80.0, 200, 0.0, 0.0),
        (80.0, 0, DAY_S, 100.0),
    ],
)
def test_another_process_goes_on_with_what_was_left(
    left: float, spent: int, elapsed_s: float, after: float
) -> None:
    allowance = TokenBucket(1_000, 100, 0.0)

    allowance.resume(left, spent, elapsed_s)

    assert allowance.left == pytest.approx(after)
