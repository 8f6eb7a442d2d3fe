"""Check of the figures for Prometheus: their port, and their file."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Iterator
from pathlib import Path

from ravatard.doctor.check import Case
from ravatard.doctor.checks.running import daemons
from ravatard.doctor.result import BLOCKING, CheckResult, broken, fine, needless, warning
from ravatard.doctor.user import service_user
from ravatard.installation import adding

#: Settings of a unit below which its service may write. Source: systemd.exec(5), ProtectSystem=strict.
_DROP_IN = "sudo systemctl edit ravatard, and write: [Service], ReadWritePaths="


async def look_at_exporter(case: Case) -> CheckResult:
    """Check that what section ``metrics`` wants can be done."""
    options, machine = case.options.metrics, case.machine
    if not options.wanted:
        return needless("no figures are given out (metrics.listen, metrics.textfile)")
    if machine.version("prometheus-client") is None:
        remedy = adding("metrics", machine.prefix, machine.root)
        return broken("the Python package prometheus-client is missing", remedy)
    results = []
    if options.listen != "off":
        results.append(await _port(case))
    if options.textfile is not None:
        results.append(_file(case, options.textfile))
    return next((one for one in results if one.verdict in BLOCKING), None) or _joined(results)


def _joined(results: list[CheckResult]) -> CheckResult:
    texts = "; ".join(one.text for one in results)
    remedies = "; ".join(one.remedy for one in results if one.remedy)
    return warning(texts, remedies) if remedies else fine(texts)


async def _port(case: Case) -> CheckResult:
    options, lan = case.options.metrics, case.options.metrics.listen == "lan"
    readers = "machines of the network that know the token" if lan else "this machine"
    where = f"the figures at port {options.port}, for {readers}"
    if case.daemon is None and not daemons(case.machine):
        if (reason := _refusal(options.port, lan=lan)) is not None:
            return broken(
                f"port {options.port} of the figures cannot be had ({reason})",
                "stop the program that has it (`ss -ltnp` names it), or set metrics.port to another one",
            )
        return fine(f"{where}: the port is free")
    for fault in _told(case, "no figures for Prometheus: "):
        fact, _, remedy = fault.partition("; ")
        return broken(fact, remedy)
    if not options.port:
        return fine(f"{where}: any free one")
    try:
        await case.machine.connect("127.0.0.1", options.port, False)
    except OSError as error:
        return broken(
            f"nothing answers at port {options.port} of the figures ({error.strerror or error})",
            "the daemon may run with an older configuration: sudo systemctl restart ravatard",
        )
    return fine(f"{where}: it answers")


def _refusal(port: int, *, lan: bool) -> str | None:
    """Return why a port cannot be listened on; None if it can."""
    try:
        socket.create_server(("" if lan else "127.0.0.1", port)).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _told(case: Case, beginning: str) -> Iterator[str]:
    """Yield the faults of the running daemon that begin so."""
    degraded = case.daemon.get("degraded") if case.daemon is not None else None
    for one in degraded if isinstance(degraded, list) else []:
        if str(one).startswith(beginning):
            yield str(one)


def _file(case: Case, name: str) -> CheckResult:
    folder, user = Path(name).parent, service_user(case)
    found = case.machine.path(str(folder))
    if not found.is_dir():
        return broken(
            f"the folder {folder} of metrics.textfile does not exist",
            f"sudo install -d -o {user.name} {shlex.quote(str(folder))}, or correct metrics.textfile",
        )
    if not user.may_at(found, "wx"):
        return broken(
            f"{user.name} may not write to {folder}, where metrics.textfile is",
            f"sudo setfacl -m u:{user.name}:rwx {shlex.quote(str(folder))}, or give it a folder of its own",
        )
    if case.unit is not None and not _is_writable(case, folder):
        return broken(
            f"systemd shows {folder} to the service as read-only, so that {name} cannot be written",
            f"{_DROP_IN}{folder}; then sudo systemctl restart ravatard",
        )
    for fault in _told(case, "the figures cannot be written to "):
        fact, _, remedy = fault.partition("; ")
        return broken(fact, remedy)
    return fine(f"{user.name} may write {name}")


def _is_writable(case: Case, folder: Path) -> bool:
    """Return True if the unit lets its service write below ``folder``."""
    unit = case.unit
    if unit is None or unit.last("ProtectSystem") != "strict":
        return True
    given = [word for line in unit.all("ReadWritePaths") for word in line.split()]
    given += [f"/var/lib/{word}" for line in unit.all("StateDirectory") for word in line.split()]
    places = [Path(word.lstrip("-+")) for word in given]
    return any(folder.is_relative_to(place) for place in places)
