from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.devices.echo.lower_envelope import height_below, slope_below


def test_points_on_a_line_give_that_line() -> None:
    points = [(x, 3.0 + 0.5 * x) for x in range(10)]

    assert slope_below(points) == pytest.approx(0.5)
    assert height_below(points, 0.5, 20.0) == pytest.approx(13.0)


def test_points_above_the_line_do_not_move_it() -> None:
    late = {3: 7.0, 4: 50.0, 8: 0.2}

    points = [(x, 0.1 * x + late.get(x, 0.0)) for x in range(10)]

    assert slope_below(points) == pytest.approx(0.1)


def test_two_points_are_a_line() -> None:
    assert slope_below([(0.0, 1.0), (2.0, 0.0)]) == -0.5


@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=40),
    st.floats(-1, 1),
)
def test_no_point_ever_lies_below_and_no_other_slope_comes_closer(ys: list[float], other: float) -> None:
    points = list(enumerate(ys))
    middle = sum(x for x, _ in points) / len(points)

    slope = slope_below(points)

    height = height_below(points, slope, middle)
    assert all(height + slope * (x - middle) <= y + 1e-9 for x, y in points)
    assert height >= height_below(points, other, middle) - 1e-9
