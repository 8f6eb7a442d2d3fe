"""Minutes of paid sessions, counted on the monotonic clock."""

from __future__ import annotations

import pytest

from ravatard.core.spend_limit import DAY_S, SpendGuard, SpendOptions


def test_without_limits_nothing_is_ever_refused_or_ended() -> None:
    guard = SpendGuard(SpendOptions())
    guard.started(0.0)

    assert guard.ends_at(1e9) is None
    assert guard.refusal(1e9) is None


def test_a_session_ends_after_its_minutes() -> None:
    guard = SpendGuard(SpendOptions(session_minutes=10))
    guard.started(100.0)

    assert guard.ends_at(100.0) == 700.0
    guard.ended(700.0)
    assert guard.ends_at(700.0) is None


def test_a_session_that_is_told_of_twice_is_counted_once() -> None:
    guard = SpendGuard(SpendOptions(session_minutes=10))
    guard.started(100.0)

    guard.started(300.0)

    assert guard.ends_at(300.0) == 700.0


def test_sessions_of_a_day_add_up() -> None:
    guard = SpendGuard(SpendOptions(day_minutes=10))
    guard.started(0.0)
    guard.ended(360.0)
    assert guard.refusal(400.0) is None

    guard.started(1000.0)

    assert guard.ends_at(1000.0) == pytest.approx(1240.0)
    assert guard.ends_at(1100.0) == pytest.approx(1240.0)
    guard.ended(1240.0)
    assert "spend.day_minutes" in str(guard.refusal(1240.0))


def test_what_was_spent_a_day_ago_is_forgotten() -> None:
    guard = SpendGuard(SpendOptions(day_minutes=10))
    guard.started(0.0)
    guard.ended(600.0)
    assert guard.refusal(600.0) is not None

    assert guard.refusal(DAY_S + 1.0) is None
    assert guard.refusal(DAY_S + 601.0) is None


def test_a_session_longer_than_a_day_counts_the_last_day_of_it() -> None:
    guard = SpendGuard(SpendOptions(day_minutes=1_440))
    guard.started(0.0)

    assert guard.ends_at(DAY_S / 2) == pytest.approx(DAY_S)


def test_an_end_without_a_start_is_nothing() -> None:
    guard = SpendGuard(SpendOptions(day_minutes=1))

    guard.ended(1000.0)

    assert guard.refusal(1000.0) is None
