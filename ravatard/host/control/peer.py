"""Process at the other end of a Unix socket, and trust in it. Source: unix(7) for SO_PEERCRED."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import struct
from dataclasses import dataclass
from pathlib import Path

from ravatard.host.runtime import user_name

#: User of the packaged service (systemd/ravatard.sysusers).
SERVICE_USER = "ravatard"
#: struct ucred: pid, uid, gid.
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class PeerProcess:
    """Process at the other end, as the kernel names it: when it connected, or began to listen.

    Attributes:
        pid: its id.
        uid: its user's id.
    """

    pid: int
    uid: int


def peer_of(connection: socket.socket) -> PeerProcess:
    """Return the process at the other end; available even when it hangs.

    Raises:
        OSError: the socket is not connected.
    """
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    return PeerProcess(pid, uid)


def is_trusted(uid: int) -> bool:
    """Return True if ``uid`` is root's, ours or the service's."""
    return uid in (0, os.geteuid()) or uid == _service_uid()


def check_place(path: Path) -> None:
    """Check that no other user could have put a socket at ``path``.

    Raises:
        FileNotFoundError: there is none.
        PermissionError: another user could have.
    """
    for place in (path.parent, path):
        found = place.lstat()
        kind = stat.S_ISDIR if place == path.parent else stat.S_ISSOCK
        if not is_trusted(found.st_uid):
            raise PermissionError(f"{place} belongs to another user ({user_name(found.st_uid)})")
        if not kind(found.st_mode):
            raise PermissionError(f"{place} is not a {'folder' if place == path.parent else 'socket'}")
        if place == path.parent and found.st_mode & stat.S_IWOTH:
            raise PermissionError(f"other users may write to {place}")


def _service_uid() -> int | None:
    try:
        return pwd.getpwnam(SERVICE_USER).pw_uid
    except KeyError:
        return None
