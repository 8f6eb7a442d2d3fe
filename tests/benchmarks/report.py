"""What a measurement came to: statistics, aims, and tables a person can read."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure should be, and whether it is.

    Attributes:
        text: as it is printed.
        met: None when it was not measured.
    """

    text: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """One word, "" when there is nothing to say."""
        return {True: "met", False: "MISSED", None: ""}[self.met]


def at_most(value: float | None, limit: float, unit: str) -> Aim:
    """The aim that ``value`` is no more than ``limit``; ``value`` None was not measured."""
    return Aim(f"<= {limit:g} {unit}".rstrip(), None if value is None else value <= limit)


def at_least(value: float, limit: float) -> Aim:
    """The aim that ``value`` is no less than ``limit``."""
    return Aim(f">= {limit:g}", value >= limit)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Attributes:
        what: was measured.
        figures: one for each column.
        aim: what a figure should be.
        ratios: what can be compared with another run's: by name, the figure divided by its floor, both of
            one round, for each round. Less is better. Not printed in the table.
    """

    what: str
    figures: Sequence[str]
    aim: Aim = Aim()
    ratios: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of one kind.

    Attributes:
        title: what they are about.
        columns: headings of the figures.
        rows: the lines.
        notes: what stands below, pieces of one paragraph: how it was measured, what it does not show.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        """Aligned text; the columns "aim" and its verdict only where some row has one."""
        has_aims = any(row.aim.text for row in self.rows)
        lines = [["", *self.columns, *(["aim", ""] if has_aims else [])]]
        for row in self.rows:
            blank = [""] * (len(self.columns) - len(row.figures))
            aim = [row.aim.text, row.aim.verdict] if has_aims else []
            lines.append([row.what, *row.figures, *blank, *aim])
        widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
        text = [self.title, "-" * len(self.title)]
        for line in lines:
            first, *rest = [
                cell.ljust(width) if at == 0 or at > len(self.columns) else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            text.append("  ".join([first, *rest]).rstrip())
        if self.notes:
            text.append(textwrap.fill(" ".join(self.notes), 110, initial_indent="  ", subsequent_indent="  "))
        return "\n".join(text)


def spread(values: Sequence[float], digits: int = 2) -> str:
    """``median [least, most]``, "-" without values."""
    if not values:
        return "-"
    middle, least, most = (
        f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values))
    )
    return middle if len(values) == 1 else f"{middle} [{least}, {most}]"


def ratios(values: Sequence[float], floor: Sequence[float]) -> list[float]:
    """Each value by the floor of its own round; [] where a floor is 0 or they are not of the same rounds."""
    if len(values) != len(floor) or not all(floor):
        return []
    return [value / below for value, below in zip(values, floor, strict=True)]


def percentile(values: Sequence[float], percent: float) -> float:
    """The least value that ``percent`` % of ``values`` do not exceed (nearest rank).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values, no percentile")
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Rise per step in x of the line that fits ``points`` (x, y) best; 0 for fewer than two different x."""
    if len({x for x, _ in points}) < 2:
        return 0.0
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope
