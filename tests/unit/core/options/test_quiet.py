"""Quiet hours: the minutes of a day."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.options.quiet import QuietOptions, minute_of
from tests.examples import examples

_MINUTES = st.integers(0, 1439)


def at(time: str) -> int:
    return minute_of(time)


@pytest.mark.parametrize(
    ("time", "quiet"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("0:00", True), ("6:59", True), ("7:00", False)],
)
def test_they_last_over_midnight(time: str, quiet: bool) -> None:
    assert QuietOptions("22:00", "07:00").hold_at(at(time)) is quiet


@pytest.mark.parametrize(
    ("time", "quiet"), [("12:59", False), ("13:00", True), ("14:29", True), ("14:30", False), ("0:00", False)]
)
def test_they_may_be_in_the_middle_of_the_day(time: str, quiet: bool) -> None:
    assert QuietOptions("13:00", "14:30").hold_at(at(time)) is quiet


@pytest.mark.parametrize("options", [QuietOptions(), QuietOptions("22:00"), QuietOptions(to="7:00")])
def test_half_of_a_wish_is_none(options: QuietOptions) -> None:
    assert not options.are_set
    assert not any(options.hold_at(minute) for minute in range(1440))


@given(_MINUTES, _MINUTES)
@settings(max_examples=examples(50))
def test_they_are_as_long_as_from_their_beginning_to_their_end(begin: int, end: int) -> None:
    options = QuietOptions(f"{begin // 60}:{begin % 60:02}", f"{end // 60:02}:{end % 60:02}")

    quiet = [minute for minute in range(1440) if options.hold_at(minute)]

    assert len(quiet) == ((end - begin) % 1440 or 1440)
    assert begin in quiet
    assert end not in quiet or begin == end
