"""The installed unit of the service with its drop-ins.

Sources: systemd.unit(5) for the places and the order of drop-ins, systemd.syntax(7) for the lines.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from ravatard.doctor.machine import Machine

NAME = "ravatard.service"
#: From weakest to strongest.
_PLACES = (
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/usr/local/lib/systemd/system",
    "/run/systemd/system",
    "/etc/systemd/system",
)
#: Values of systemd's specifiers in a system unit; %% last.
_SPECIFIERS = {"%t": "/run", "%S": "/var/lib", "%C": "/var/cache", "%L": "/var/log", "%E": "/etc", "%%": "%"}


@dataclass(frozen=True, slots=True)
class UnitFile:
    """A unit as systemd reads it.

    Attributes:
        files: paths on the machine, the unit first, then its drop-ins.
        settings: (section, key) -> values in order; an empty value in a file clears the earlier ones.
    """

    files: tuple[str, ...]
    settings: dict[tuple[str, str], list[str]]

    def all(self, key: str, section: str = "Service") -> list[str]:
        """Return all values of a key that may occur several times."""
        return self.settings.get((section, key), [])

    def last(self, key: str, section: str = "Service") -> str:
        """Return the value of a key; "" when it is not set."""
        return next(reversed(self.all(key, section)), "")

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that the unit sets."""
        pairs = (pair.partition("=") for line in self.all("Environment") for pair in shlex.split(line))
        return {name: value for name, _, value in pairs}

    def folder(self, key: str) -> str:
        """Return a path with its specifiers expanded; "" when it is not set."""
        path = self.last(key).removeprefix("-")
        for specifier, meaning in _SPECIFIERS.items():
            path = path.replace(specifier, meaning)
        return path


def find_unit(machine: Machine) -> UnitFile | None:
    """Return the unit installed on ``machine``; None when it is not installed."""
    places = [place for place in _PLACES if machine.text(f"{place}/{NAME}") is not None]
    if not places:
        return None
    drop_ins: dict[str, Path] = {}
    for place in _PLACES:
        for file in machine.path(f"{place}/{NAME}.d").glob("*.conf"):
            drop_ins[file.name] = file
    unit = machine.path(f"{places[-1]}/{NAME}")
    settings: dict[tuple[str, str], list[str]] = {}
    files = [unit, *(drop_ins[name] for name in sorted(drop_ins))]
    for file in files:
        _read(file, settings)
    return UnitFile(tuple(machine.shown(file) for file in files), settings)


def _read(file: Path, settings: dict[tuple[str, str], list[str]]) -> None:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1]
        elif stripped and stripped[0] not in "#;":
            key, _, value = (part.strip() for part in stripped.partition("="))
            if value:
                settings.setdefault((section, key), []).append(value)
            else:
                settings.pop((section, key), None)
