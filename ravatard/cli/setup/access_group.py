"""Group whose members may use ``ravatard status`` and the other commands to the running appliance."""

from __future__ import annotations

import grp
import pwd
import shutil
import subprocess
from collections.abc import Mapping

from ravatard.errors import RavatardError
from ravatard.host.runtime import GROUP

_LIMIT_S = 30.0


class NotJoinedError(RavatardError):
    """The user cannot be made a member."""


def joinable(environ: Mapping[str, str], name: str = GROUP) -> str | None:
    """Return the user behind ``sudo`` if it may become a member; None if it is one, or there is none."""
    user = environ.get("SUDO_USER", "")
    try:
        return None if is_member(user, name) or pwd.getpwnam(user).pw_uid == 0 else user
    except NotJoinedError:
        return None


def is_member(user: str, name: str = GROUP) -> bool:
    """Return True if ``user`` is a member.

    Raises:
        NotJoinedError: there is no such user or group.
    """
    try:
        group, account = grp.getgrnam(name), pwd.getpwnam(user)
    except (KeyError, ValueError):
        raise NotJoinedError(
            f"{user!r} cannot join the group {name}: this machine has no such user or group; the group "
            "comes with the service (`sudo make install`, or the package)"
        ) from None
    return user in group.gr_mem or account.pw_gid == group.gr_gid


def join(user: str, name: str = GROUP) -> bool:
    """Make ``user`` a member; False if it is one already. In effect once the user logs in again.

    Raises:
        NotJoinedError: there is no such user or group, or no right to change it.
    """
    if is_member(user, name):
        return False
    adduser = shutil.which("adduser")
    command = [adduser, "--quiet", user, name] if adduser else ["usermod", "-aG", name, user]
    typed = f"adduser {user} {name}" if adduser else f"usermod -aG {name} {user}"
    remedy = f"do it yourself: sudo {typed}"
    try:
        done = subprocess.run(  # noqa: S603 - a user that exists, no shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotJoinedError(f"{user} could not join the group {name} ({error}); {remedy}") from error
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NotJoinedError(f"{user} could not join the group {name} ({said}); {remedy}")
    return True
