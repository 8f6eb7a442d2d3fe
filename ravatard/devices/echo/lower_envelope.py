"""The straight line that lies closest below some points: where things would be if none were ever late.

What a sound device reports comes late by what the machine happens to do, and never early. So the truth is the
lower edge of what is observed, and neither its mean, which moves with the load, nor its newest.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Point of a line: (x, y).
Point = tuple[float, float]


def slope_below(points: Sequence[Point]) -> float:
    """How steep that line is: of all that lie below every point the one with the least sum of distances.

    It is the edge of the lower convex hull under the mean x.

    Args:
        points: two or more, x strictly growing.
    """
    hull: list[Point] = []
    for x, y in points:
        while len(hull) > 1 and _is_above(hull[-2], hull[-1], x, y):
            hull.pop()
        hull.append((x, y))
    middle = sum(x for x, _ in points) / len(points)
    right = next(number for number, (x, _) in enumerate(hull) if number and x >= middle)
    (left_x, left_y), (right_x, right_y) = hull[right - 1], hull[right]
    return (right_y - left_y) / (right_x - left_x)


def height_below(points: Sequence[Point], slope: float, at_x: float) -> float:
    """How high the line of this slope is at ``at_x`` that touches the points from below."""
    return min(y + slope * (at_x - x) for x, y in points)


def _is_above(left: Point, middle: Point, x: float, y: float) -> bool:
    """Whether ``middle`` lies on or above the line from ``left`` to (x, y)."""
    return (middle[1] - left[1]) * (x - left[0]) >= (y - left[1]) * (middle[0] - left[0])
