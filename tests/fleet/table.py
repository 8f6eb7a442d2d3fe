"""Findings of a fleet's proof, each with its aim met or not."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what was looked at, what was found, and whether that is as it shall be."""

    what: str
    found: str
    met: bool


@dataclass(slots=True)
class Table:
    """Findings of one scenario, printed as they come."""

    title: str
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Add a finding, and print it."""
        self.findings.append(finding)
        print(f"{'ok  ' if finding.met else 'FAIL'}  {finding.what}: {finding.found}", flush=True)

    @property
    def met(self) -> bool:
        """True if every finding is as it shall be."""
        return all(one.met for one in self.findings)
