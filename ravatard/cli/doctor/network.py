"""``ravatard doctor network``: what the network must let through for this configuration, tried one by one."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence

from ravatard import __version__, logs
from ravatard.assembly import runner
from ravatard.cli.doctor.network_table import Table, heading
from ravatard.cli.doctor.text import marks_for
from ravatard.cli.json_output import json_document
from ravatard.doctor.bundle import find_secrets
from ravatard.doctor.check import Case, DoctorRequest
from ravatard.doctor.machine import this_machine
from ravatard.doctor.network.conclusion import Row, advice, exit_status, relieved
from ravatard.doctor.network.destination import Destination, Outcome
from ravatard.doctor.network.gathering import gather, is_online, is_running, verification_of
from ravatard.doctor.network.links import MachineLinks
from ravatard.doctor.network.plan import destinations
from ravatard.doctor.network.trial import Trial
from ravatard.doctor.redaction import Redactor

Show = Callable[[Destination, Outcome], None]


def run_network(arguments: argparse.Namespace) -> int:
    """Try every destination, and print each in its turn; return the exit status."""
    logs.configure(logs.LogOptions(level="error"), under_systemd=False)
    asked = DoctorRequest(arguments.config, arguments.state, arguments.socket)
    case = Case(this_machine(os.environ), asked)
    stun = tuple(getattr(arguments, "stun", []))
    return runner.run(_report(case, stun, command_of(asked), as_json=arguments.json))


def command_of(asked: DoctorRequest) -> str:
    """Return the command that tries the same once more: with the file whose destinations these are."""
    config = f" --config {shlex.quote(str(asked.config))}" if asked.config is not None else ""
    return f"ravatard doctor network{config}"


async def _report(case: Case, stun: tuple[tuple[str, int], ...], command: str, *, as_json: bool) -> int:
    facts, notes = await gather(case, stun)
    verification, doubt = verification_of(case)
    notes = (*notes, doubt) if doubt else notes
    planned = destinations(facts)
    name = next((one.host for one in planned if one.setting and one.proxy is None and not one.inbound), "")
    trial = Trial(
        MachineLinks(),
        verification,
        name=name,
        running=is_running(case),
        online=is_online(case),
    )
    clean = Redactor(find_secrets(case)).known
    if as_json:
        rows = await survey(planned, trial, lambda _destination, _outcome: None)
        print(clean(json_document(for_programs(rows, notes, command))))
        return exit_status(rows)
    table = Table(marks_for(sys.stdout), clean)
    _print(heading(case.machine, notes, clean))
    _print(table.begin())
    rows = await survey(planned, trial, lambda one, outcome: _print(table.lines(one, outcome)))
    _print(table.end(advice(rows, command)))
    return exit_status(rows)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


async def survey(planned: Sequence[Destination], trial: Trial, show: Show) -> list[Row]:
    """Try all destinations at the same time; hand each to ``show`` in the order of the plan.

    One of a group waits for the others, which may relieve it.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(trial.of(one), name=f"try {one.rule}") for one in planned]
        rows: list[Row] = []
        for destination, task in zip(planned, tasks, strict=True):
            same = [
                (one, await other)
                for one, other in zip(planned, tasks, strict=True)
                if one.one_of and one.one_of == destination.one_of
            ]
            outcomes = dict(relieved(same))
            rows.append((destination, outcomes.get(destination) or await task))
            show(*rows[-1])
    return rows


def for_programs(rows: Sequence[Row], notes: Sequence[str], command: str) -> dict[str, object]:
    """Return the rows as plain data, a stable format that only grows."""
    return {
        "ravatard": __version__,
        "exit_status": int(exit_status(rows)),
        "destinations": [_as_dict(one, outcome) for one, outcome in rows],
        "advice": advice(rows, command),
        "notes": list(notes),
    }


def _as_dict(one: Destination, outcome: Outcome) -> dict[str, object]:
    return {
        "for": one.purpose,
        "direction": "in" if one.inbound else "out",
        "host": None if one.inbound else one.host or None,
        "place": one.place,
        "transport": one.protocol.transport.lower(),
        "port": one.port,
        "protocol": one.protocol.value,
        "proxy": str(one.proxy) if one.proxy is not None else None,
        "setting": one.setting or None,
        "state": outcome.state.value,
        "needed": not outcome.relieved,
        "ip_versions": list(outcome.families),
        "certificate_issuer": outcome.issuer or None,
        "text": outcome.text,
    }
