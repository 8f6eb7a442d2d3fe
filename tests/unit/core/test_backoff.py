"""Waits grow, are jittered, are clamped, and are forgiven only after stability."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.backoff import Backoff, BackoffOptions

OPTIONS = BackoffOptions(first_s=1.0, longest_s=60.0, stable_s=30.0)


def test_the_ceiling_doubles_up_to_the_longest_wait() -> None:
    backoff = Backoff(OPTIONS, lambda: 1.0)

    assert [backoff.failed() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_the_wait_is_anything_between_nothing_and_the_ceiling() -> None:
    dice = iter([0.0, 0.25])
    backoff = Backoff(OPTIONS, lambda: next(dice))

    assert backoff.failed() == 0.0
    assert backoff.failed() == 0.5


def test_a_link_that_was_up_shortly_forgives_nothing() -> None:
    backoff = Backoff(OPTIONS, lambda: 1.0)
    backoff.failed()

    assert backoff.failed(up_s=29.9) == 2.0


def test_a_stable_link_lets_the_waits_start_small_again() -> None:
    backoff = Backoff(OPTIONS, lambda: 1.0)
    for _ in range(5):
        backoff.failed()

    assert backoff.failed(up_s=30.0) == 1.0


def test_what_the_service_asks_for_is_the_least() -> None:
    backoff = Backoff(OPTIONS, lambda: 0.5)

    assert backoff.failed(retry_after_s=20.0) == pytest.approx(21.0)


def test_a_longer_wait_of_our_own_is_kept() -> None:
    backoff = Backoff(OPTIONS, lambda: 1.0)
    for _ in range(10):
        backoff.failed()

    assert backoff.failed(retry_after_s=2.0) == 60.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.floats(0, 100)), min_size=1, max_size=2000))
def test_no_wait_is_ever_longer_than_the_longest(history: list[tuple[float, float]]) -> None:
    dice = iter([chance for chance, _ in history])
    backoff = Backoff(OPTIONS, lambda: next(dice))

    for _, up_s in history:
        assert 0.0 <= backoff.failed(up_s=up_s) <= 60.0
