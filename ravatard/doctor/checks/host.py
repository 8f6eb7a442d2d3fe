"""Checks of the machine: clock, power, disk, state directory, installed files and packages."""

from __future__ import annotations

import os
import platform
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from ravatard import __version__
from ravatard.doctor.check import Case
from ravatard.doctor.checks.rights import needs_pins
from ravatard.doctor.machine import Machine, names, output
from ravatard.doctor.result import CheckResult, broken, fine, needless, unknown, warning
from ravatard.doctor.unit_file import UnitFile
from ravatard.doctor.user import service_user
from ravatard.host.board.health import THROTTLED, board_model, power_troubles
from ravatard.host.board.state_room import FULL_BYTES, MAKING_ROOM, existing
from ravatard.host.state import SYSTEM
from ravatard.installation import adding, reinstall

#: systemd-timesyncd(8): exists once the clock was set from the network.
_SYNCHRONIZED = "/run/systemd/timesync/synchronized"
#: An earlier year means a wrong clock.
_OLDEST_YEAR = 2025
_TIGHT_BYTES = 100 << 20
#: Patterns below the root directory; ``make install`` uses /usr/local, the package /usr, an owner /etc.
_INSTALLED = (
    "opt/ravatard",
    "usr/bin/ravatard",
    "usr/local/bin/ravatard",
    "usr/lib/systemd/system/ravatard*.service",
    "usr/local/lib/systemd/system/ravatard*.service",
    "etc/systemd/system/ravatard*.service",
    "etc/systemd/system/ravatard*.service.d",
)
_REQUIRED = ("aiohttp", "msgspec", "PyYAML", "PyAudio", "gpiozero")
#: Versions that cannot find a Pi 5's pins (gpiozero's changelog, 2.0.1.post3).
_BAD_GPIOZERO = ("2.0.1.post1", "2.0.1.post2")


async def look_at_clock(case: Case) -> CheckResult:
    """Check that the clock was set from the network, or at least shows a plausible year."""
    machine = case.machine
    now = machine.now()
    if now.year < _OLDEST_YEAR:
        return broken(
            f"the clock says {now:%Y-%m-%d}: certificates and tokens will look wrong",
            "connect the network and `sudo timedatectl set-ntp true`",
        )
    if machine.path(_SYNCHRONIZED).exists():
        return fine(f"set from the network, {now:%Y-%m-%d %H:%M} UTC")
    said = await output(machine, "timedatectl", "show", "--property=NTPSynchronized", "--value")
    match (said or "").strip():
        case "yes":
            return fine(f"set from the network, {now:%Y-%m-%d %H:%M} UTC")
        case "no":
            return warning(
                f"the clock says {now:%Y-%m-%d %H:%M} UTC and was not set from the network",
                "sudo timedatectl set-ntp true",
            )
    return unknown(
        f"no program says whether the clock ({now:%Y-%m-%d %H:%M} UTC) was set from the network",
        "compare it with your watch; `timedatectl` shows it",
    )


async def look_at_power(case: Case) -> CheckResult:
    """Check that the board gets enough voltage and is cool enough."""
    machine = case.machine
    model = board_model(machine.root) or ""
    if not model.startswith("Raspberry Pi"):
        return needless(f"{model or 'no Raspberry Pi'}: it does not report its power")
    said = machine.text(f"/{THROTTLED}")
    if said is None:
        printed = await output(machine, "vcgencmd", "get_throttled")
        said = printed.partition("=")[2] if printed else None
    try:
        bits = int((said or "").strip(), 16)
    except ValueError:
        return unknown(f"{model} does not report its power", "run it as root, or `vcgencmd get_throttled`")
    now, before = power_troubles(bits)
    remedy = "use the board's own power supply and a short cable; cool it if it is hot"
    if now:
        return broken(f"{names(now)}, now", remedy, bits=f"{bits:#x}")
    if before:
        return warning(f"{names(before)}, since the boot", remedy, bits=f"{bits:#x}")
    return fine(f"{model}: enough voltage, cool enough", bits=f"{bits:#x}")


def _state(case: Case) -> Path:
    """Return the state directory of the daemon."""
    if case.unit is not None and case.asked.state is None:
        return case.machine.path(str(SYSTEM))
    return case.state


def look_at_state(case: Case) -> CheckResult:
    """Check that the state directory is writable: the ledger of live sessions is kept there."""
    state = _state(case)
    folder = existing(state)
    shown = case.machine.shown(state)
    if mount := _read_only(case.machine, case.machine.shown(folder)):
        return broken(
            f"{mount} is mounted read-only, so {shown} cannot be written: a session would stay open",
            f"sudo mount -o remount,rw {shlex.quote(mount)}, or mount a writable file system on {shown}",
        )
    user = service_user(case)
    # systemd makes the folders of StateDirectory=.
    if (folder == state or case.unit is None) and not user.may_at(folder, "wx"):
        return broken(
            f"{user.name} may not write to {case.machine.shown(folder)}",
            f"sudo chown -R {user.name} {shlex.quote(case.machine.shown(folder))}",
        )
    return fine(f"{user.name} may write to {shown}")


def _read_only(machine: Machine, path: str) -> str:
    """Return the mount point of ``path`` if read-only, else "". Source: proc_pid_mounts(5)."""
    best, options = "", ""
    for line in (machine.text("/proc/mounts") or "").splitlines():
        fields = line.split()
        if len(fields) < 4:
            continue
        mount = fields[1]
        inside = mount in ("/", path) or path.startswith(f"{mount}/")
        # Of several mounts on one point the last one counts.
        if inside and len(mount) >= len(best):
            best, options = mount, fields[3]
    return best if "ro" in options.split(",") else ""


def look_at_disk(case: Case) -> CheckResult:
    """Check that the disk has room for the state."""
    folder = existing(_state(case))
    shown = case.machine.shown(folder)
    free = case.machine.free_bytes(folder)
    words = f"{free / (1 << 20):.0f} MB free at {shown}"
    if free < FULL_BYTES:
        return broken(
            f"the disk is full: {words}",
            f"make room: {MAKING_ROOM}",
            free_bytes=free,
        )
    if free < _TIGHT_BYTES:
        return warning(words, f"make room: {MAKING_ROOM}", free_bytes=free)
    return fine(words, free_bytes=free)


def look_at_installation(case: Case) -> CheckResult:
    """Check that only root can change the installed files: root runs them at boot and with sudo."""
    if case.unit is None:
        return needless("not installed as a service")
    machine = case.machine
    # The owner of / is root, also where tests have made a machine of files.
    root = machine.root.stat().st_uid
    count, wrong = 0, []
    for path in _installed(machine):
        count += 1
        try:
            found = path.lstat()
        except OSError:
            continue  # an upgrade removes files meanwhile
        others_write = not stat.S_ISLNK(found.st_mode) and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if found.st_uid != root or others_write:
            wrong.append(machine.shown(path))
    if wrong:
        more = f" and {len(wrong) - 1} more installed files" if len(wrong) > 1 else ""
        return broken(
            f"{wrong[0]}{more} can be changed by others than root, who runs it",
            f"install it again: {reinstall(machine.root)}",
            files=len(wrong),
        )
    return fine(f"{count} files, which only root can change", files=count)


def _installed(machine: Machine) -> Iterator[Path]:
    """Yield everything that an installation lays down and root reads or runs, links included."""
    for place in _INSTALLED:
        for path in sorted(machine.root.glob(place)):
            yield path
            if path.is_dir() and not path.is_symlink():
                for folder, folders, files in os.walk(path):
                    yield from (Path(folder, name) for name in (*folders, *files))


def _prefix_of(unit: UnitFile | None) -> Path | None:
    """Return the installation that the service runs from; None without a service."""
    program = Path(unit.last("ExecStart").partition(" ")[0]) if unit is not None else Path()
    return program.parent.parent if program.is_absolute() and program.parent.name == "bin" else None


def look_at_versions(case: Case) -> CheckResult:
    """Check that the required packages are installed in working versions."""
    wanted = [package for package in _REQUIRED if package != "gpiozero" or needs_pins(case.options)]
    found = {package: case.machine.version(package) for package in wanted}
    found["webrtcvad"] = case.machine.version("webrtcvad-wheels") or case.machine.version("webrtcvad")
    if missing := [package for package, version in found.items() if version is None]:
        return broken(
            f"{names(missing)} {'are' if len(missing) > 1 else 'is'} not installed",
            adding("", case.machine.prefix, case.machine.root),
        )
    if found.get("gpiozero") in _BAD_GPIOZERO:
        return broken(
            f"gpiozero {found['gpiozero']} cannot find a Pi 5's pins",
            adding("gpio", case.machine.prefix, case.machine.root),
        )
    service = _prefix_of(case.unit)
    if service is not None and service != case.machine.prefix:
        return warning(
            f"this ravatard runs from {case.machine.prefix}, and the service from {service}, which may have "
            "other abilities",
            f"sudo {shlex.quote(f'{service}/bin/ravatard')} doctor examines the service's",
        )
    measured = {package: version for package, version in found.items() if version}
    python = platform.python_version()
    return fine(
        f"ravatard {__version__}, Python {python}, {len(measured)} packages",
        ravatard=__version__,
        python=python,
        machine=platform.machine(),
        **measured,
    )
