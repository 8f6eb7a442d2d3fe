"""Waits grow, are jittered, are clamped, and are forgiven only after stability."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.backoff import STEEP_S, Backoff, BackoffOptions

OPTIONS = BackoffOptions(first_s=1.0, longest_s=60.0, stable_s=30.0)
CHANCES = st.floats(0, 1, exclude_max=True)


def test_the_ceiling_grows_up_to_the_longest_wait() -> None:
    backoff = Backoff(OPTIONS, lambda: 1.0)

    waits = [backoff.failed() for _ in range(7)]

    assert waits == pytest.approx([1.0, 2.1, 5.061, 15.82, 60.0, 60.0, 60.0], abs=0.01)


def test_the_wait_is_anything_between_nothing_and_the_ceiling() -> None:
    dice = iter([0.0, 0.25])
    backoff = Backoff(OPTIONS, lambda: next(dice))

    assert backoff.failed() == 0.0
    assert backoff.failed() == 0.25


@settings(deadline=None)
@given(st.lists(CHANCES, min_size=1, max_size=100), st.floats(0.0, 600.0))
def test_a_wait_is_bounded_by_how_long_the_outage_has_lasted(dice: list[float], listens_at: float) -> None:
    backoff = Backoff(BackoffOptions(), iter([*dice, *[0.5] * 200]).__next__)
    now = 0.0

    while now < listens_at:
        now += backoff.failed()

    assert now - listens_at <= min(120.0, 1 + listens_at + listens_at**2 / STEEP_S) + 1e-6


def test_a_link_that_was_up_shortly_forgives_nothing() -> None:
    backoff = Backoff(OPTIONS, lambda: 1.0)
    backoff.failed()

    assert backoff.failed(up_s=29.9) == pytest.approx(2.1)


@pytest.mark.parametrize(("up_s", "wait_s"), [(None, 0.0), (0.0, 0.5), (29.9, 0.5), (30.0, 0.0)])
def test_a_link_that_did_not_hold_costs_half_the_ceiling_at_least(up_s: float | None, wait_s: float) -> None:
    backoff = Backoff(OPTIONS, lambda: 0.0)

    assert backoff.failed(up_s=up_s) == wait_s


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1e-9, 0.5, 0.999]) | CHANCES, st.floats(0, 5)), max_size=60),
    st.sampled_from([60.0, 120.0]),
)
def test_a_server_that_accepts_and_closes_sees_less_than_30_connections_in_any_10_minutes(
    nights: list[tuple[float, float]], longest_s: float
) -> None:
    """Whatever the dice say, also always zero, and however shortly the link was up."""
    dice = iter([chance for chance, _ in nights])
    backoff = Backoff(BackoffOptions(longest_s=longest_s), lambda: next(dice, 0.0))
    ups = iter([up_s for _, up_s in nights])
    connected_at = [0.0]

    while connected_at[-1] < 3_600.0:
        up_s = next(ups, 0.0)
        connected_at.append(connected_at[-1] + up_s + backoff.failed(up_s=up_s))

    assert all(later - first > 600.0 for first, later in zip(connected_at, connected_at[29:], strict=False))


def test_the_same_with_real_dice() -> None:
    connections = dict.fromkeys(range(200), 1)
    for seed in connections:
        backoff, now = Backoff(BackoffOptions(), random.Random(seed).random), 0.0
        while (now := now + backoff.failed(up_s=0.0)) < 600.0:
            connections[seed] += 1

    assert {seed: count for seed, count in connections.items() if count >= 25} == {}


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


@pytest.mark.parametrize("wished_s", [3_600.0, 86_400.0, 1e9])
def test_one_wish_does_not_keep_the_link_down_for_hours(wished_s: float) -> None:
    backoff = Backoff(BackoffOptions(), lambda: 0.99)

    assert backoff.failed(retry_after_s=wished_s) <= 660.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.floats(0, 100)), min_size=1, max_size=2000))
def test_no_wait_is_ever_longer_than_the_longest(history: list[tuple[float, float]]) -> None:
    dice = iter([chance for chance, _ in history])
    backoff = Backoff(OPTIONS, lambda: next(dice))

    for _, up_s in history:
        assert 0.0 <= backoff.failed(up_s=up_s) <= 60.0


def fixed(chance: float, spread_s: float) -> Backoff:
    return Backoff(BackoffOptions(spread_s=spread_s), lambda: chance)


def test_a_fleet_spreads_its_first_attempts() -> None:
    assert [fixed(chance, 30.0).failed(up_s=60.0) for chance in (0.0, 0.5)] == [0.0, 15.0]


def test_a_spread_makes_no_long_wait_shorter() -> None:
    backoff = Backoff(BackoffOptions(longest_s=60.0, spread_s=10.0), lambda: 1.0)

    assert [backoff.failed() for _ in range(4)][-1] == 60.0


@pytest.mark.parametrize(("spread_s", "longest_s"), [(0.0, 22.0), (5.0, 25.0)])
def test_a_pause_given_to_all_ends_apart(spread_s: float, longest_s: float) -> None:
    assert [fixed(chance, spread_s).spread(20.0) for chance in (0.0, 1.0)] == [20.0, longest_s]


def test_a_wait_that_the_service_asks_for_is_spread_as_well() -> None:
    assert fixed(0.5, 30.0).failed(retry_after_s=60.0) == 75.0
