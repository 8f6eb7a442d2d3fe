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
class CheckResult:
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


def fine(text: str, **measured: float | str) -> CheckResult:
    """All is well."""
    return CheckResult(Verdict.FINE, text, measured=measured)


def warning(text: str, remedy: str, **measured: float | str) -> CheckResult:
    """It works, and could be better."""
    return CheckResult(Verdict.WARNING, text, remedy, measured)


def broken(text: str, remedy: str, **measured: float | str) -> CheckResult:
    """It does not work."""
    return CheckResult(Verdict.BROKEN, text, remedy, measured)


def unknown(text: str, remedy: str = "") -> CheckResult:
    """It cannot be found out."""
    return CheckResult(Verdict.UNKNOWN, text, remedy)


def needless(text: str) -> CheckResult:
    """Nothing to look at."""
    return CheckResult(Verdict.NEEDLESS, text)


def skipped(text: str) -> CheckResult:
    """What it stands on is broken."""
    return CheckResult(Verdict.SKIPPED, text)
