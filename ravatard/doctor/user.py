"""User of the service and its file permissions, judged by file modes and not by trying."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ravatard.doctor.check import Case
from ravatard.doctor.machine import Machine
from ravatard.host.credentials import STORE


@dataclass(frozen=True, slots=True)
class User:
    """A user of the machine.

    Attributes:
        name: login name.
        uid: user id.
        groups: ids of the groups it belongs to.
    """

    name: str
    uid: int
    groups: frozenset[int]

    def may(self, found: os.stat_result, wanted: str) -> bool:
        """Return True if the mode in ``found`` grants ``wanted`` ("r", "w", "rw", "wx"); root may everything.

        Source: path_resolution(7): the first matching class decides. Access lists are ignored.
        """
        if self.uid == 0:
            return True
        bits = sum({"r": stat.S_IROTH, "w": stat.S_IWOTH, "x": stat.S_IXOTH}[letter] for letter in wanted)
        if found.st_uid == self.uid:
            bits <<= 6
        elif found.st_gid in self.groups:
            bits <<= 3
        return found.st_mode & bits == bits

    def may_at(self, path: Path, wanted: str) -> bool:
        """Return True if ``path`` exists and grants ``wanted``."""
        try:
            return self.may(path.stat(), wanted)
        except OSError:
            return False


def store_is_closed(case: Case) -> bool:
    """Return True if there is a credential store whose names the caller may not see."""
    machine = case.machine
    try:
        found = machine.path(str(STORE)).stat()
    except OSError:
        return False
    return not User("you", machine.uid, machine.groups).may(found, "r")


def group_ids(machine: Machine) -> dict[str, int]:
    """Return the group ids of the machine, by name."""
    return {name: gid for name, gid, _ in _groups(machine)}


def service_user(case: Case) -> User:
    """Return the user the daemon runs as: the unit's, or the caller without a unit."""
    machine = case.machine
    users = {fields[0]: fields for fields in _lines(machine, "/etc/passwd", 4)}
    if case.unit is None:
        name = next((name for name, fields in users.items() if fields[2] == str(machine.uid)), "")
        return User(name or f"user {machine.uid}", machine.uid, machine.groups)
    name = case.unit.last("User") or "root"
    uid, gid = (int(users[name][2]), int(users[name][3])) if name in users else (-1, -1)
    uid = 0 if name == "root" else uid
    given = {word for line in case.unit.all("SupplementaryGroups") for word in line.split()}
    given.add(case.unit.last("Group"))
    member = {number for group, number, members in _groups(machine) if name in members or group in given}
    return User(name, uid, frozenset({gid, *member}))


def _groups(machine: Machine) -> list[tuple[str, int, list[str]]]:
    return [
        (fields[0], int(fields[2]), fields[3].split(","))
        for fields in _lines(machine, "/etc/group", 4)
        if fields[2].isdecimal()
    ]


def _lines(machine: Machine, file: str, fields: int) -> list[list[str]]:
    split = (line.split(":") for line in (machine.text(file) or "").splitlines())
    return [parts for parts in split if len(parts) >= fields]
