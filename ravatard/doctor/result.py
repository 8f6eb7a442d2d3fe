"""Result of a check: a verdict, one sentence, and a remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique


@unique
class Verdict(Enum):
    """Severity of a result."""

    FINE = "fine"
    WARNING = "warning"
    """Works, but could be better."""
    BROKEN = "broken"
    """Does not work until it is repaired."""
    UNKNOWN = "unknown"
    """Could not be determined."""
    SKIPPED = "skipped"
    """A check failed that this one depends on."""
    NEEDLESS = "not needed"
    """Not used by this appliance, or not requested."""


#: Verdicts that cause dependent checks to be skipped.
BLOCKING = frozenset({Verdict.BROKEN, Verdict.SKIPPED})


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check.

    Attributes:
        verdict: severity.
        text: one sentence with the values behind the verdict.
        remedy: one line; "" when nothing is to be done.
        measured: values for programs; names carry their units.
    """

    verdict: Verdict
    text: str
    remedy: str = ""
    measured: Mapping[str, float | str] = field(default_factory=dict)


def fine(text: str, **measured: float | str) -> CheckResult:
    """Return a result: no problem."""
    return CheckResult(Verdict.FINE, text, measured=measured)


def warning(text: str, remedy: str, **measured: float | str) -> CheckResult:
    """Return a result: works, but could be better."""
    return CheckResult(Verdict.WARNING, text, remedy, measured)


def broken(text: str, remedy: str, **measured: float | str) -> CheckResult:
    """Return a result: does not work."""
    return CheckResult(Verdict.BROKEN, text, remedy, measured)


def unknown(text: str, remedy: str = "") -> CheckResult:
    """Return a result: could not be determined."""
    return CheckResult(Verdict.UNKNOWN, text, remedy)


def needless(text: str) -> CheckResult:
    """Return a result: not used or not requested."""
    return CheckResult(Verdict.NEEDLESS, text)


def skipped(text: str) -> CheckResult:
    """Return a result: skipped, since a dependency failed."""
    return CheckResult(Verdict.SKIPPED, text)
