"""Check of the running daemon: at most one runs, and it reports its status."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from ravatard.doctor.check import Case
from ravatard.doctor.machine import Machine, names
from ravatard.doctor.result import CheckResult, broken, fine, unknown, warning
from ravatard.host.control.client import NoDaemonError

#: A script's program is its interpreter.
_PROGRAMS = ("python", "ravatard")


def look_at_daemon(case: Case) -> CheckResult:
    """Check that at most one daemon runs and answers; its status saves opening the devices it uses."""
    pids = daemons(case.machine)
    try:
        reply = case.machine.ask(case.socket, {"do": "status"})
    except NoDaemonError as error:
        # A caller who names a socket runs several on purpose, and means this one.
        if not pids:
            return fine("not running: microphone and speaker are free to be tried")
        if case.asked.socket is not None:
            return fine(f"none at {case.asked.socket}; {_beside(case.machine, pids)}")
        if len(pids) > 1:
            return _several(case.machine, pids, pids[0])
        return unknown(f"process {pids[0]} runs, but: {error}", "sudo ravatard doctor may ask it")
    pid = reply.get("pid")
    report: Any = reply.get("status")
    case.daemon = report if isinstance(report, dict) else None
    if len(pids) > 1 and case.asked.socket is None:
        return _several(case.machine, pids, pid if pid in pids else pids[0])
    if case.daemon is None:
        return unknown(f"the program at {case.socket} answers without a status", "restart it")
    if troubles := report.get("degraded"):
        return warning(f"process {pid} runs, but {troubles[0]}", "look below, and at `ravatard status`")
    # Only one that was named may have others beside it.
    others = [other for other in pids if other != pid] if case.asked.socket is not None else []
    beside = f"; {_beside(case.machine, others)}" if others else ""
    return fine(f"process {pid}: {report.get('status')}{beside}")


def _beside(machine: Machine, pids: list[int]) -> str:
    """Return a clause about daemons that were not asked for."""
    named = ["the service" if _is_service(machine, pid) else f"process {pid}" for pid in pids]
    runs = f"{named[0]} is another daemon" if len(named) == 1 else f"{names(named)} are other daemons"
    return f"{runs}, which may use the microphone or the speaker"


def _several(machine: Machine, pids: list[int], kept: int) -> CheckResult:
    """Return the result for several daemons; ``kept`` answers the commands, or is the oldest."""
    others = [pid for pid in pids if pid != kept]
    stops = [f"sudo kill {pid}" for pid in others if not _is_service(machine, pid)]
    if len(stops) < len(others):
        stops.append("sudo systemctl stop ravatard")
    shown = "the service" if _is_service(machine, kept) else f"process {kept}"
    plural = "es" if len(others) > 1 else ""
    return broken(
        f"{len(pids)} daemons run at once and may share a sound card: {shown}, and process{plural} "
        f"{', '.join(map(str, others))}",
        f"to keep {shown}, stop the other{'s' if len(others) > 1 else ''}: {'; '.join(stops)}",
    )


def _is_service(machine: Machine, pid: int) -> bool:
    """Return True if systemd runs ``pid`` as the service. Source: cgroups(7), /proc/PID/cgroup."""
    return "/ravatard.service" in (machine.text(f"/proc/{pid}/cgroup") or "")


def daemons(machine: Machine) -> list[int]:
    """Return the processes that are ``ravatard run``, oldest first.

    Their children do not count, nor the programs that started them: sudo, timeout, runuser.
    """
    found = []
    for folder in machine.path("/proc").glob("[0-9]*"):
        words = (machine.text(f"/proc/{folder.name}/cmdline") or "").split("\0")
        if _is_daemon(words) and _program(folder, words).startswith(_PROGRAMS):
            found.append((_started(machine, folder.name), int(folder.name)))
    return [pid for _, pid in sorted(found)]


def _is_daemon(words: list[str]) -> bool:
    """Return True for ``ravatard run``, ``python …/ravatard run`` and ``python -m ravatard run``."""
    if "run" not in words[1:5]:
        return False
    before = words[: words.index("run")]
    return bool(before) and Path(before[-1]).name == "ravatard"


def _program(folder: Path, words: list[str]) -> str:
    """Return the name of a process's program: the kernel's word where it may be read, else its own."""
    with contextlib.suppress(OSError):
        return (folder / "exe").readlink().name
    return Path(words[0]).name


def _started(machine: Machine, pid: str) -> int:
    """Return the clock ticks from the boot to the start of ``pid``. Source: proc_pid_stat(5), field 22."""
    fields = (machine.text(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
    return int(fields[19]) if len(fields) > 19 else 0
