"""Minutes of paid sessions, counted on the monotonic clock."""

from __future__ import annotations

import pytest

from ravatard.core.spend_limit import DAY_S, PaidTime, SpendOptions


def test_without_limits_nothing_is_ever_refused_or_ended() -> None:
    paid = PaidTime().started(0.0)

    assert paid.ends_at(SpendOptions(), 1e9) is None
    assert paid.refusal(SpendOptions(), 1e9) is None


def test_a_session_ends_after_its_minutes() -> None:
    options = SpendOptions(session_minutes=10)
    paid = PaidTime().started(100.0)

    assert paid.ends_at(options, 100.0) == 700.0
    assert paid.ended(700.0).ends_at(options, 700.0) is None


def test_a_session_that_is_told_of_twice_is_counted_once() -> None:
    paid = PaidTime().started(100.0).started(300.0)

    assert paid.ends_at(SpendOptions(session_minutes=10), 300.0) == 700.0


def test_sessions_of_a_day_add_up() -> None:
    options = SpendOptions(day_minutes=10)
    paid = PaidTime().started(0.0).ended(360.0)
    assert paid.refusal(options, 400.0) is None

    paid = paid.started(1000.0)

    assert paid.ends_at(options, 1000.0) == pytest.approx(1240.0)
    assert paid.ends_at(options, 1100.0) == pytest.approx(1240.0)
    assert "spend.day_minutes" in str(paid.ended(1240.0).refusal(options, 1240.0))


def test_what_was_spent_a_day_ago_is_forgotten() -> None:
    options = SpendOptions(day_minutes=10)
    paid = PaidTime().started(0.0).ended(600.0)
    assert paid.refusal(options, 600.0) is not None

    assert paid.refusal(options, DAY_S + 1.0) is None
    assert paid.refusal(options, DAY_S + 601.0) is None
    assert paid.started(DAY_S + 700.0).ended(DAY_S + 701.0).past == ((DAY_S + 700.0, DAY_S + 701.0),)


def test_a_session_longer_than_a_day_counts_the_last_day_of_it() -> None:
    paid = PaidTime().started(0.0)

    assert paid.ends_at(SpendOptions(day_minutes=1_440), DAY_S / 2) == pytest.approx(DAY_S)


def test_an_end_without_a_start_is_nothing() -> None:
    paid = PaidTime().ended(1000.0)

    assert paid.refusal(SpendOptions(day_minutes=1), 1000.0) is None


def test_time_used_and_left_is_told_with_and_without_a_session() -> None:
    options = SpendOptions(session_minutes=10, day_minutes=15)
    paid = PaidTime().started(0.0).ended(540.0)

    assert (paid.session_s(600.0), paid.day_s(600.0)) == (None, 540.0)
    # Six minutes are left of the day.
    assert paid.left_s(options, 600.0) == pytest.approx(360.0)
    assert paid.left_s(SpendOptions(), 600.0) is None

    paid = paid.started(600.0)

    assert (paid.session_s(660.0), paid.day_s(660.0)) == (60.0, 600.0)
    assert paid.left_s(options, 660.0) == pytest.approx(300.0)
    assert paid.left_s(options, 9_999.0) == 0.0


def test_the_end_of_a_session_does_not_depend_on_when_it_is_asked_for() -> None:
    paid = PaidTime().started(1000.1)

    assert paid.ends_at(SpendOptions(day_minutes=0.5), 1000.1) == 1030.1
    assert paid.ends_at(SpendOptions(day_minutes=0.5), 1000.36) == 1030.1
