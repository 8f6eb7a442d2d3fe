"""Check of the running daemon: at most one runs, and it reports its status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ravatard.doctor.check import Case
from ravatard.doctor.machine import Machine
from ravatard.doctor.result import CheckResult, broken, fine, unknown, warning
from ravatard.host.control.client import NoDaemonError


def look_at_daemon(case: Case) -> CheckResult:
    """Check that at most one daemon runs and answers; its status saves opening the devices it uses."""
    pids = daemons(case.machine)
    # A caller who names a socket runs several on purpose, and means this one.
    if len(pids) > 1 and case.asked.socket is None:
        first, *others = pids
        return broken(
            f"{len(pids)} daemons run at once: process {first} first, then {', '.join(map(str, others))}",
            f"stop all but one: sudo systemctl stop ravatard; kill {' '.join(map(str, others))}",
        )
    try:
        reply = case.machine.ask(case.socket, {"do": "status"})
    except NoDaemonError as error:
        if not pids or case.asked.socket is not None:
            return fine("not running: microphone and speaker are free to be tried")
        return unknown(f"process {pids[0]} runs, but: {error}", "sudo ravatard doctor may ask it")
    report: Any = reply.get("status")
    if not isinstance(report, dict):
        return unknown(f"the program at {case.socket} answers without a status", "restart it")
    case.daemon = report
    pid = reply.get("pid")
    if troubles := report.get("degraded"):
        return warning(f"process {pid} runs, but {troubles[0]}", "look below, and at `ravatard status`")
    return fine(f"process {pid}: {report.get('status')}")


def daemons(machine: Machine) -> list[int]:
    """Return the processes that are ``ravatard run``, oldest first; their children do not count."""
    found = []
    for folder in machine.path("/proc").glob("[0-9]*"):
        words = (machine.text(f"/proc/{folder.name}/cmdline") or "").split("\0")
        if _is_daemon(words):
            found.append((_started(machine, folder.name), int(folder.name)))
    return [pid for _, pid in sorted(found)]


def _is_daemon(words: list[str]) -> bool:
    """Return True for ``ravatard run``, ``python …/ravatard run`` and ``python -m ravatard run``."""
    if "run" not in words[1:4]:
        return False
    before = words[: words.index("run")]
    return bool(before) and Path(before[-1]).name == "ravatard"


def _started(machine: Machine, pid: str) -> int:
    """Return the clock ticks from the boot to the start of ``pid``. Source: proc_pid_stat(5), field 22."""
    fields = (machine.text(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
    return int(fields[19]) if len(fields) > 19 else 0
