"""What was seen, as a table a person can read."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

_SEEN_COLUMNS = 74


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario.

    Attributes:
        name: what was done.
        seen: what came of it.
        passed: whether that is what should come of it.
        seconds: how long it took, on the wall.
    """

    name: str
    seen: str
    passed: bool
    seconds: float

    def __str__(self) -> str:
        return f"{'pass' if self.passed else 'FAIL'}  {self.name} ({self.seconds:.0f} s): {self.seen}"


def table(rows: Sequence[Row]) -> str:
    """All rows under their headings, and the sum of them."""
    name_columns = max((len(row.name) for row in rows), default=0)
    lines = [f"{'':4}  {'what is done':{name_columns}}  {'time':>5}  what was seen"]
    for row in rows:
        first, *more = textwrap.wrap(" ".join(row.seen.split()), _SEEN_COLUMNS) or [""]
        verdict = "pass" if row.passed else "FAIL"
        lines.append(f"{verdict}  {row.name:{name_columns}}  {row.seconds:3.0f} s  {first}")
        lines += [" " * (name_columns + 15) + line for line in more]
    failed = sum(not row.passed for row in rows)
    lines.append(f"{len(rows) - failed} of {len(rows)} passed in {sum(row.seconds for row in rows):.0f} s")
    return "\n".join(lines)
