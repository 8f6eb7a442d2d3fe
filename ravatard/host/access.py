"""Access to what belongs to the service and its group: why a user has none, and how to get it."""

from __future__ import annotations

import grp
import os
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ravatard.host.runtime import GROUP, user_name


@dataclass(frozen=True, slots=True)
class Caller:
    """User that runs a command.

    Attributes:
        name: of the user.
        gids: ids of the groups that the session is in.
        group: id and members of the group :data:`GROUP`; None without such a group.
    """

    name: str
    gids: Collection[int]
    group: tuple[int, Collection[str]] | None

    @property
    def belongs(self) -> bool:
        """True if the session is in the group."""
        return self.group is not None and self.group[0] in self.gids


def caller() -> Caller:
    """Return the user that runs this process."""
    try:
        found = grp.getgrnam(GROUP)
    except KeyError:
        group = None
    else:
        group = found.gr_gid, found.gr_mem
    return Caller(user_name(os.geteuid()), {os.getegid(), *os.getgroups()}, group)


def without_access(refusal: str, user: Caller) -> str:
    """Return the ``refusal`` of what the group may use, with what helps ``user``."""
    if user.group is None or user.belongs:
        return f"{refusal}; repeat the command with sudo"
    if user.name in user.group[1]:
        return f"{refusal} yet: you joined the group {GROUP} after this login; log in again, or use sudo"
    return (
        f"{refusal}, which is for the group {GROUP}; repeat the command with sudo, or join the group "
        f"(sudo adduser {user.name} {GROUP}) and log in again"
    )


def unreadable(path: Path, user: Caller) -> str:
    """Return why ``user`` may not read the settings in ``path``, and how to get access."""
    refusal = f"you ({user.name}) may not read it"
    if user.group is None:
        return f"{refusal}; repeat the command with sudo"
    if user.belongs:
        # The service itself, whose log this may be.
        quoted = shlex.quote(str(path))
        return (
            f"{refusal}; repeat the command with sudo, or let the group {GROUP} read it: "
            f"sudo chgrp {GROUP} {quoted}; sudo chmod g+r {quoted}"
        )
    try:
        found = path.stat()
    except OSError:
        found = None
    if found is not None and not (found.st_gid == user.group[0] and found.st_mode & 0o040):
        return f"{refusal}; repeat the command with sudo"
    return without_access(refusal, user)
