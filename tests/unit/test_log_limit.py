from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from ravatard.log_limit import AT_ONCE, LONGEST, PER_MINUTE, LogLimit, ShortLines

log = logging.getLogger("ravatard.part.limited")


class Limited:
    """A logger whose handler has the limit, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.limit = LogLimit(self.handler.handle, lambda: self.now)
        self.handler.addFilter(self.limit)
        self.handler.addFilter(ShortLines())

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def limited() -> Iterator[Limited]:
    limited = Limited()
    log.addHandler(limited.handler)
    log.propagate, before = False, log.level
    log.setLevel(logging.DEBUG)
    yield limited
    log.removeHandler(limited.handler)
    log.propagate = True
    log.setLevel(before)


def one_place(number: int) -> None:
    log.warning("line %d", number)


def test_a_place_logs_so_many_lines_at_once_and_the_rest_is_counted(limited: Limited) -> None:
    for number in range(10_000):
        one_place(number)
    assert len(limited.lines) == AT_ONCE

    limited.now = 61.0
    one_place(10_000)

    assert limited.lines[AT_ONCE] == (
        f"{10_000 - AT_ONCE} more lines like this of ravatard.part.limited are left out: line 9999"
    )
    assert limited.lines[-1] == "line 10000"


def test_an_hour_of_flood_is_a_readable_log(limited: Limited) -> None:
    for second in range(3_600):
        limited.now = float(second)
        for number in range(100):
            one_place(number)

    assert len(limited.lines) < AT_ONCE + 60 * (PER_MINUTE + 2)


def test_another_place_is_not_affected(limited: Limited) -> None:
    for number in range(1_000):
        one_place(number)
    log.warning("something else")

    assert limited.lines[-1] == "something else"


def test_a_slow_place_is_never_limited(limited: Limited) -> None:
    for minute in range(600):
        limited.now = minute * 60.0 / PER_MINUTE * 1.1
        one_place(minute)

    assert len(limited.lines) == 600


def test_debugging_is_not_limited(limited: Limited) -> None:
    for number in range(1_000):
        log.debug("line %d", number)

    assert len(limited.lines) == 1_000


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1, 1_000_000])
def test_lines_have_a_readable_length(limited: Limited, length: int) -> None:
    log.warning("%s", "x" * length)

    assert len(limited.lines[0]) <= LONGEST + 40
    assert ("characters more" in limited.lines[0]) == (length > LONGEST)
