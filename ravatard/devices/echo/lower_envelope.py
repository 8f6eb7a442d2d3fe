"""Closest straight line below a set of points: the observations without their delays.

Reports of a sound device come late, by the load of the machine, and never early. So the true times are the
lower edge of the observations, not their mean, which moves with the load, nor the newest one.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Point of a line: (x, y).
Point = tuple[float, float]


def slope_below(points: Sequence[Point]) -> float:
    """Return the line's slope: of all lines below every point it has the least sum of distances.

    It is the edge of the lower convex hull under the mean x.

    Args:
        points: two or more, x strictly growing.
    """
    # A call for each point would cost a third of the time.
    hull: list[Point] = []
    for x, y in points:
        while len(hull) > 1:
            (left_x, left_y), (middle_x, middle_y) = hull[-2], hull[-1]
            if (middle_y - left_y) * (x - left_x) < (y - left_y) * (middle_x - left_x):
                break
            hull.pop()
        hull.append((x, y))
    middle = sum(x for x, _ in points) / len(points)
    right = next(number for number, (x, _) in enumerate(hull) if number and x >= middle)
    (left_x, left_y), (right_x, right_y) = hull[right - 1], hull[right]
    return (right_y - left_y) / (right_x - left_x)


def height_below(points: Sequence[Point], slope: float, at_x: float) -> float:
    """Return the height at ``at_x`` of the line of this slope that touches the points from below."""
    return min(y + slope * (at_x - x) for x, y in points)
