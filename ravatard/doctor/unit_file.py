"""How the service is installed: its unit with the drop-ins over it, and who it runs as.

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
#: What systemd puts for its specifiers in a system unit; %% last.
_SPECIFIERS = {"%t": "/run", "%S": "/var/lib", "%C": "/var/cache", "%L": "/var/log", "%E": "/etc", "%%": "%"}


@dataclass(frozen=True, slots=True)
class UnitFile:
    """A unit as systemd would read it.

    Attributes:
        files: what was read, the unit first, then its drop-ins, as they are called on the machine.
        settings: (section, key) -> its values in order; an empty one in a file has taken back those before.
    """

    files: tuple[str, ...]
    settings: dict[tuple[str, str], list[str]]

    def all(self, key: str, section: str = "Service") -> list[str]:
        """All values of a key that may be given several times."""
        return self.settings.get((section, key), [])

    def last(self, key: str, section: str = "Service") -> str:
        """The value of a key; "" when nobody sets it."""
        return next(reversed(self.all(key, section)), "")

    @property
    def environment(self) -> dict[str, str]:
        """The variables it sets."""
        pairs = (pair.partition("=") for line in self.all("Environment") for pair in shlex.split(line))
        return {name: value for name, _, value in pairs}

    def folder(self, key: str) -> str:
        """A path with its specifiers filled in; "" when it is not set."""
        path = self.last(key).removeprefix("-")
        for specifier, meaning in _SPECIFIERS.items():
            path = path.replace(specifier, meaning)
        return path


def find_unit(machine: Machine) -> UnitFile | None:
    """The unit as it is installed on ``machine``; None when it is not."""
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
