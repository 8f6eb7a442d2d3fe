"""What came of one check: how bad it is, in one sentence, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique


@unique
class Verdict(Enum):
    """How bad it is."""

    FINE = "fine"
    WARNING = "warning"
    """It works, and could be better."""
    BROKEN = "broken"
    """Something does not work until a person mends it."""
    UNKNOWN = "unknown"
    """It could not be found out here and now."""
    SKIPPED = "skipped"
    """Another check failed that this one stands on."""
    NEEDLESS = "not needed"
    """This appliance does without, or it was not asked for."""


#: What this one keeps others from being looked at.
BLOCKING = frozenset({Verdict.BROKEN, Verdict.SKIPPED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found.

    Attributes:
        verdict: how bad it is.
        text: one sentence with the values it was judged by.
        remedy: one line: what to do; "" when nothing is to be done.
        measured: numbers and words for programs, names with their units.
    """

    verdict: Verdict
    text: str
    remedy: str = ""
    measured: Mapping[str, float | str] = field(default_factory=dict)


def fine(text: str, **measured: float | str) -> Outcome:
    """All is well."""
    return Outcome(Verdict.FINE, text, measured=measured)


def warning(text: str, remedy: str, **measured: float | str) -> Outcome:
    """It works, and could be better."""
    return Outcome(Verdict.WARNING, text, remedy, measured)


def broken(text: str, remedy: str, **measured: float | str) -> Outcome:
    """It does not work."""
    return Outcome(Verdict.BROKEN, text, remedy, measured)


def unknown(text: str, remedy: str = "") -> Outcome:
    """It cannot be found out."""
    return Outcome(Verdict.UNKNOWN, text, remedy)


def needless(text: str) -> Outcome:
    """Nothing to look at."""
    return Outcome(Verdict.NEEDLESS, text)


def skipped(text: str) -> Outcome:
    """What it stands on is broken."""
    return Outcome(Verdict.SKIPPED, text)
