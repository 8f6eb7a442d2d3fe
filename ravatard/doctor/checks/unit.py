"""Checks of the installed unit, drop-ins included: the settings the appliance relies on."""

from __future__ import annotations

import re

from ravatard.doctor.check import Case
from ravatard.doctor.result import CheckResult, broken, fine, needless, warning
from ravatard.doctor.unit_file import UnitFile
from ravatard.installation import reinstall

#: systemd.time(7), as far as units use it.
_UNITS_S = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 0.001, "m": 60.0, "min": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")
#: The daemon pings the watchdog several times in this.
_SHORTEST_WATCHDOG_S = 3.0


def look_at_unit(case: Case) -> CheckResult:
    """Check that the unit sets everything the appliance relies on."""
    unit = case.unit
    if unit is None:
        return needless("not installed as a service")
    for setting, good, why in _expected(unit):
        if not good:
            return broken(
                f"{setting}: {why}",
                f"take it out of {unit.files[-1]}, then sudo systemctl daemon-reload"
                if len(unit.files) > 1
                else f"install the unit again: {reinstall(case.machine.root)}",
            )
    drop_ins = len(unit.files) - 1
    own = f", {drop_ins} drop-in{'s' if drop_ins > 1 else ''}" if drop_ins else ""
    return fine(f"{unit.files[0]}{own}", drop_ins=" ".join(unit.files[1:]))


def _expected(unit: UnitFile) -> list[tuple[str, bool, str]]:
    """Return (setting as found, True if it is right, its purpose) for each requirement."""

    def shown(key: str, section: str = "Service") -> str:
        return f"{key}={unit.last(key, section)}"

    limit = unit.last("StartLimitIntervalSec", "Unit")
    return [
        (
            shown("Type"),
            unit.last("Type") in ("notify", "notify-reload"),
            "systemd must wait until it listens, Type=notify",
        ),
        (
            shown("Restart"),
            unit.last("Restart") == "always",
            "it must come back whatever ends it, Restart=always",
        ),
        (
            shown("RestartPreventExitStatus"),
            "78" in unit.last("RestartPreventExitStatus").split(),
            "a wrong configuration (78) must not be started again and again",
        ),
        (
            shown("StartLimitIntervalSec", "Unit"),
            limit != "" and seconds(limit) == 0,
            "an appliance never gives up, StartLimitIntervalSec=0",
        ),
        (
            shown("ExecStopPost"),
            any("end-sessions" in line for line in unit.all("ExecStopPost")),
            "a live session that a crash left open must be ended, ExecStopPost=ravatard end-sessions",
        ),
        (
            shown("KillMode"),
            unit.last("KillMode") == "mixed",
            "it must end its children itself, KillMode=mixed",
        ),
    ]


def look_at_watchdog(case: Case) -> CheckResult:
    """Check that a watchdog restarts a daemon that hangs."""
    if case.unit is None:
        return needless("not installed as a service")
    setting = case.unit.last("WatchdogSec")
    span = seconds(setting)
    if not span:
        return broken(f"WatchdogSec={setting}: a daemon that hangs stays hung", "set WatchdogSec=10")
    if span < _SHORTEST_WATCHDOG_S:
        return warning(f"WatchdogSec={setting} is short for a busy board", "set WatchdogSec=10", seconds=span)
    return fine(f"every {span:g} s", seconds=span)


def seconds(span: str) -> float:
    """Return a systemd time span in seconds; 0 for an invalid one and for ``infinity``."""
    return sum(float(number) * _UNITS_S.get(unit, 0.0) for number, unit in _SPAN.findall(span))
