"""Tables that are kept as JSON: one file a part in ``tests/benchmarks/kept/``, written by ``--keep``."""

from __future__ import annotations

import json
import math
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Table

FOLDER = Path(__file__).with_name("kept")
#: Of the files' format: what another one holds is not compared.
VERSION = 1
#: From fewer rounds no spread is known, and so no change.
LEAST_ROUNDS = 3
#: Table, row and name of a ratio.
Key = tuple[str, str, str]


class UnreadableError(Exception):
    """A kept file that cannot be compared with; says which, and why."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a run was made."""

    cpu: str
    cores: int
    architecture: str
    python: str

    def __str__(self) -> str:
        """As a sentence has it."""
        return f"{self.cpu}, {self.cores} cores, {self.architecture}, Python {self.python}"


@dataclass(frozen=True, slots=True)
class Run:
    """One part as one run measured it.

    Attributes:
        machine: where.
        day: when, in UTC.
        effort: "full" or "quick".
        load: of the machine, its one-minute average at the part's beginning.
        ratios: what is comparable: for each key the ratio of every round.
    """

    machine: Machine
    day: str
    effort: str
    load: float
    ratios: dict[Key, list[float]]


def this_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> Machine:
    """What this machine is."""
    try:
        found = re.search(r"^(?:model name|Model)\s*: *(.+)$", cpuinfo.read_text(), re.M)
    except OSError:
        found = None
    cpu = found[1].strip() if found else "unknown processor"
    return Machine(cpu, os.cpu_count() or 1, platform.machine(), platform.python_version())


def run_of(tables: Sequence[object], effort: str, load: float) -> Run:
    """What was just measured, on this machine.

    Raises:
        ValueError: two rows with ratios have one name.
    """
    ratios: dict[Key, list[float]] = {}
    for table in (one for one in tables if isinstance(one, Table)):
        for row in table.rows:
            for name, values in row.ratios.items():
                key = (table.title, row.what, name)
                if key in ratios:
                    raise ValueError(f"two rows are called {row.what!r}: give them names of their own")
                if values:
                    ratios[key] = [float(value) for value in values]
    return Run(this_machine(), f"{datetime.now(UTC):%Y-%m-%d}", effort, load, ratios)


def fault_of(run: Run) -> str:
    """Why a run shows no change of one of its ratios, as the end of a sentence about it; "" if it does."""
    for key, values in run.ratios.items():
        named = ", ".join(part.strip() for part in key)
        for value in values:
            if not (math.isfinite(value) and value > 0):
                return f"has {value} for a ratio ({named})"
        if len(values) < LEAST_ROUNDS:
            return f"has {len(values)} of at least {LEAST_ROUNDS} rounds of a ratio ({named})"
    return ""


def write(part: str, tables: Sequence[object], run: Run, folder: Path = FOLDER) -> Path:
    """Keep a part in the place of what was kept of it; returns the file."""
    folder.mkdir(exist_ok=True)
    content = {
        "version": VERSION,
        "part": part,
        "day": run.day,
        "effort": run.effort,
        "load": round(run.load, 1),
        "machine": asdict(run.machine),
        "tables": [_table(table) for table in tables if isinstance(table, Table)],
    }
    path = folder / f"{part}.json"
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "columns": list(table.columns),
        "rows": [
            {
                "what": row.what,
                "figures": list(row.figures),
                "aim": row.aim.text,
                "met": row.aim.met,
                "ratios": {
                    name: [round(value, 4) for value in values]
                    for name, values in row.ratios.items()
                    if values
                },
            }
            for row in table.rows
        ],
        "notes": " ".join(table.notes),
    }


def read(part: str, folder: Path = FOLDER) -> Run | None:
    """What was kept of a part last; None: nothing.

    Raises:
        UnreadableError: the file is damaged, of another version or part, or holds a ratio that can show no
            change; see :func:`fault_of`.
    """
    path = folder / f"{part}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UnreadableError(
            f"{path} cannot be read ({error}): restore it, or write it with --keep"
        ) from error
    try:
        kept_part = content["part"]
        if content["version"] != VERSION:
            raise UnreadableError(
                f"{path} has version {content['version']} and not {VERSION}: write it anew with --keep"
            )
        run = Run(
            machine=Machine(**content["machine"]),
            day=str(content["day"]),
            effort=str(content["effort"]),
            load=float(content["load"]),
            ratios={
                (table["title"], row["what"], name): [float(value) for value in values]
                for table in content["tables"]
                for row in table["rows"]
                for name, values in row["ratios"].items()
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableError(
            f"{path} lacks something, or has it in another form ({error!r}): write it anew with --keep"
        ) from error
    fault = f"is of the part {kept_part!r}" if kept_part != part else fault_of(run)
    if fault:
        raise UnreadableError(
            f"{path} {fault}, with which nothing can be compared: write it anew with --keep"
        )
    return run
