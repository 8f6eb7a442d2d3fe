"""One run beside the last one that was kept: what became worse, beyond the spread of either."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, unique
from pathlib import Path

from tests.benchmarks.kept import FOLDER, LEAST_ROUNDS, Key, Run, UnreadableError, read

#: More than a tenth is a change.
_TENTH = 1.1


@unique
class Change(Enum):
    """What became of a ratio."""

    WORSE = "WORSE"
    BETTER = "better"
    SAME = "same"
    UNCLEAR = "unclear"
    NEW = "new"
    MISSING = "no longer measured"


@dataclass(frozen=True, slots=True)
class Compared:
    """One ratio in both runs; an empty one was not measured there."""

    key: Key
    before: Sequence[float]
    now: Sequence[float]

    @property
    def change(self) -> Change:
        """The judgement.

        Worse or better is what differs by more than a tenth in the median, and whose rounds do not overlap:
        the best of the worse run is beyond the worst of the other. What differs by a tenth and overlaps, or
        was measured too rarely for a spread, is unclear.
        """
        if not self.before:
            return Change.NEW
        if not self.now:
            return Change.MISSING
        before, now = statistics.median(self.before), statistics.median(self.now)
        if now > before * _TENTH:
            change, apart = Change.WORSE, min(self.now) > max(self.before)
        elif before > now * _TENTH:
            change, apart = Change.BETTER, min(self.before) > max(self.now)
        else:
            return Change.SAME
        enough = min(len(self.before), len(self.now)) >= LEAST_ROUNDS
        return change if apart and enough else Change.UNCLEAR

    def __str__(self) -> str:
        """One line: what it was, what it is."""
        table, what, name = self.key
        text = f"{self.change.value}: {what.strip()}, {name}"
        match self.change:
            case Change.NEW | Change.MISSING:
                return f"{text} ({table})"
            case _:
                by = statistics.median(self.now) / statistics.median(self.before) - 1
                rounds = f"{len(self.before)} and {len(self.now)} rounds"
                return f"{text}: {_spread(self.before)} -> {_spread(self.now)}, {by:+.0%}, {rounds} ({table})"


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} [{min(values):.2f}, {max(values):.2f}]"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A part of one run beside the kept one."""

    part: str
    kept: Run
    run: Run

    @property
    def is_same_machine(self) -> bool:
        """True if both were made on the same kind of machine, by the same Python."""
        return self.kept.machine == self.run.machine

    @property
    def results(self) -> list[Compared]:
        """Every ratio of either, in the order of this run, then what is missing."""
        keys = dict.fromkeys([*self.run.ratios, *self.kept.ratios])
        return [Compared(key, self.kept.ratios.get(key, ()), self.run.ratios.get(key, ())) for key in keys]

    @property
    def is_worse(self) -> bool:
        """True if something became worse. On another machine that cannot be said."""
        return self.is_same_machine and any(one.change is Change.WORSE for one in self.results)

    def __str__(self) -> str:
        """What changed, and a count of what did not."""
        results = self.results
        same = sum(one.change is Change.SAME for one in results)
        kept = f"{self.kept.day} ({self.kept.effort}, load {self.kept.load:.1f})"
        lines = [
            f"{self.part} beside what was kept on {kept}: {same} of {len(results)} ratios within a tenth"
        ]
        if self.kept.effort != self.run.effort:
            lines.append(f"That was a {self.kept.effort} run, this is a {self.run.effort} one.")
        if not self.is_same_machine:
            lines.append(
                f"Another machine: {self.kept.machine}; differences may be its own, and fail nothing."
            )
        lines += [str(one) for one in results if one.change is not Change.SAME]
        return "\n  ".join(lines)


@dataclass(slots=True)
class Verdict:
    """All parts of a run beside what was kept of them.

    Attributes:
        folder: where that is.
        compared: the parts that could be compared.
        unreadable: why others could not.
        nothing_kept: parts that were never kept.
        keeps: this run is kept.
    """

    folder: Path = FOLDER
    compared: list[Comparison] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    nothing_kept: list[str] = field(default_factory=list)
    keeps: bool = False

    def add(self, part: str, run: Run) -> None:
        """A part that was measured now; what has no ratios has nothing to compare."""
        try:
            before = read(part, self.folder)
        except UnreadableError as error:
            self.unreadable.append(str(error))
            return
        if before is None:
            if run.ratios:
                self.nothing_kept.append(part)
        elif run.ratios and not before.ratios:
            self.unreadable.append(
                f"{self.folder / part}.json has no ratio, and this run has some: write it anew with --keep"
            )
        elif before.ratios:
            self.compared.append(Comparison(part, before, run))

    @property
    def is_worse(self) -> bool:
        """True if something became worse."""
        return any(one.is_worse for one in self.compared)

    def __str__(self) -> str:
        """Everything that changed, and one last line that says whether something became worse."""
        lines = [str(one) for one in self.compared]
        if self.nothing_kept:
            names = ", ".join(self.nothing_kept)
            told = f"Kept for the first time: {names}."
            lines.append(told if self.keeps else f"Nothing is kept of {names}: --keep writes it.")
        lines += [f"NOT COMPARED: {why}" for why in self.unreadable]
        if self.is_worse:
            lines.append("BECAME WORSE by more than a tenth, see above.")
        elif self.compared:
            lines.append("Nothing became worse by more than a tenth beyond its own spread.")
        return "\n".join(lines)
