"""The benchmarks' report: its statistics and its tables. What it measures is measured, not tested."""

from __future__ import annotations

import inspect
import os

import pytest

from ravatard.devices.microphone.microphone import ChildMicrophone
from tests.benchmarks import procfs
from tests.benchmarks.gate_in_daemon import DaemonEar
from tests.benchmarks.imports import unused
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile, slope, spread


def test_a_table_is_aligned_and_says_whether_aims_are_met() -> None:
    table = Table(
        "Speed",
        ("ms", "count"),
        [Row("short", ["1.0", "7"], at_most(1.0, 2, "ms")), Row("a longer name", ["100.0"])],
        ["Measured here."],
    )

    assert str(table).splitlines() == [
        "Speed",
        "-----",
        "                  ms  count  aim",
        "short            1.0      7  <= 2 ms  met",
        "a longer name  100.0",
        "  Measured here.",
    ]


def test_a_table_without_aims_has_no_column_for_them() -> None:
    table = Table("Speed", ("ms",), [Row("one", ["1"])])

    assert "aim" not in str(table)


@pytest.mark.parametrize(("value", "verdict"), [(2.0, "met"), (2.1, "MISSED"), (None, "")])
def test_an_aim_is_met_up_to_its_limit_and_unknown_without_a_value(value: float | None, verdict: str) -> None:
    aim = at_most(value, 2, "ms")

    assert (aim.text, aim.verdict) == ("<= 2 ms", verdict)


def test_no_aim_has_no_verdict() -> None:
    assert Aim().verdict == ""


@pytest.mark.parametrize(
    ("values", "text"), [([3.0, 1.0, 2.0], "2.0 [1.0, 3.0]"), ([1.25], "1.2"), ([], "-")]
)
def test_a_spread_is_the_median_between_the_extremes(values: list[float], text: str) -> None:
    assert spread(values, 1) == text


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 5), (90, 9), (99, 10), (100, 10)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    values = [float(number) for number in range(10, 0, -1)]

    assert percentile(values, percent) == value


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("points", "rise"), [([(0, 5), (10, 25), (20, 45)], 2), ([(1, 3), (1, 9)], 0), ([], 0)]
)
def test_the_slope_is_that_of_the_best_line(points: list[tuple[float, float]], rise: float) -> None:
    assert slope(points) == pytest.approx(rise)


def test_a_package_on_the_list_stands_for_its_modules_and_for_no_namesake() -> None:
    imported = {"numpy": 2.0, "numpy.core": 3.0, "numpydoc": 5.0, "json": 7.0}

    assert unused(imported, ("numpy", "soxr")) == {"numpy": 5.0}


def test_a_process_is_seen_as_it_is() -> None:
    me = os.getpid()

    memory = procfs.memory([me])

    assert procfs.cpu_s(me) > 0
    assert procfs.threads(me) >= 1
    assert procfs.open_files(me) >= 3
    assert procfs.wakeups(me) >= 0
    assert 0 < memory.anonymous < memory.alone
    assert memory.pss <= memory.alone


def test_the_other_placement_of_the_gate_is_made_as_the_daemon_makes_its_own() -> None:
    shipped, other = (set(inspect.signature(ear).parameters) for ear in (ChildMicrophone, DaemonEar))

    assert shipped - other == {"environment"}
