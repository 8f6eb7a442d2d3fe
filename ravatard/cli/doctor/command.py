"""``ravatard doctor``: checks everything the appliance needs, with a remedy for each problem."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ravatard import __version__, logs
from ravatard.assembly import runner
from ravatard.cli.doctor.network_parser import add_network
from ravatard.cli.doctor.text import Sheet, marks_for
from ravatard.cli.json_output import json_document
from ravatard.cli.options import add_config, add_json, add_socket, add_state
from ravatard.doctor.bundle import hiding
from ravatard.doctor.catalog import CHECKS, HEADINGS
from ravatard.doctor.check import Case, DoctorRequest
from ravatard.doctor.examination import NETWORK, Finding, chosen, examine, exit_status, needed
from ravatard.doctor.machine import Machine, this_machine
from ravatard.doctor.result import Verdict
from ravatard.exit_status import in_help

EPILOG = (
    f"{in_help('doctor')} Needs neither root, nor network, nor hardware: it reports the checks that are not "
    "possible."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``doctor``."""
    parser.epilog = EPILOG
    add_json(parser)
    parser.add_argument("--fix-hints", action="store_true", help="show how to fix warnings, too")
    parser.add_argument(
        "--echo", action="store_true", help="play a chirp, and measure its echo in the microphone"
    )
    parser.add_argument(
        "--live", action="store_true", help="start a live session, which costs money, and end it at once"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="ID",
        default=[],
        help="run only these checks and those they need; of the latter, show those that are broken",
    )
    parser.add_argument("--list", action="store_true", help="list the names of all checks")
    add_config(parser)
    add_state(parser)
    add_socket(parser)
    add_network(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the checks, and print each finding at once; return the exit status.

    Raises:
        ConfigError: ``--only`` names a check that does not exist.
    """
    if arguments.part == NETWORK:
        # The checks need nothing of it.
        from ravatard.cli.doctor.network import run_network

        return run_network(arguments)
    if arguments.list:
        print("\n".join(check.id for check in CHECKS))
        return 0
    wanted = chosen(CHECKS, arguments.only)
    asked = DoctorRequest(arguments.config, arguments.state, arguments.socket, arguments.echo, arguments.live)
    # The findings contain what libraries would log.
    logs.configure(logs.LogOptions(level="error"), under_systemd=False)
    machine = this_machine(os.environ)
    if arguments.json:
        findings = runner.run(findings_of(machine, asked, wanted, None))
        print(json_document(for_programs(findings)))
    else:
        width = max(map(len, needed(CHECKS, wanted)))
        sheet = Sheet(marks_for(sys.stdout), HEADINGS, width=width, hints=arguments.fix_hints)
        findings = runner.run(findings_of(machine, asked, wanted, sheet))
        print("\n".join(sheet.summary(findings)))
    return exit_status([finding.result for finding in findings])


async def findings_of(
    machine: Machine, asked: DoctorRequest, wanted: frozenset[str], sheet: Sheet | None
) -> list[Finding]:
    """Run the checks ``wanted``; print each finding with ``sheet`` at once, and return all."""
    findings = []
    case = Case(machine, asked)
    async for finding in examine(case, CHECKS, wanted, hide=hiding(case)):
        # A check that others need and that failed is their cause: without it they would pass unseen.
        if finding.id not in wanted and finding.result.verdict is not Verdict.BROKEN:
            continue
        findings.append(finding)
        if sheet is not None:
            for line in sheet.lines(finding):
                print(line, flush=True)
    return findings


def for_programs(findings: Sequence[Finding]) -> dict[str, object]:
    """Return the findings as plain data, a stable format that only grows."""
    return {
        "ravatard": __version__,
        "exit_status": exit_status([finding.result for finding in findings]),
        "checks": [_as_dict(finding) for finding in findings],
    }


def _as_dict(finding: Finding) -> dict[str, object]:
    outcome = finding.result
    return {
        "id": finding.id,
        "verdict": outcome.verdict.value,
        "text": logs.redact(outcome.text),
        "remedy": outcome.remedy,
        "measured": dict(outcome.measured),
        "took_s": round(finding.took_s, 3),
    }
