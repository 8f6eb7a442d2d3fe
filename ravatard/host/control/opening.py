"""Create the control socket in the file system: not in place of a running daemon's, and not for all users.

Sources: unix(7) for SO_PEERCRED and the error of connecting to a stale socket; flock(2).
"""

from __future__ import annotations

import asyncio
import fcntl
import grp
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from ravatard.errors import RavatardError
from ravatard.host.control.peer import check_place, peer_of
from ravatard.host.runtime import GROUP, prepared

log = logging.getLogger(__name__)

_BACKLOG = 128
#: Another daemon that starts at the same moment holds the directory's lock for a millisecond.
_LOCK_S = 2.0
_LOCK_AGAIN_S = 0.02


class AlreadyRunning(RavatardError):
    """Another daemon answers on the same socket."""


async def open_listener(path: Path, group: str = GROUP) -> socket.socket:
    """Return a listening, non-blocking socket at ``path``, mode 0660, of ``group`` if that exists.

    The socket file of a dead daemon is replaced.

    Raises:
        AlreadyRunning: a daemon listens there.
        OSError: no socket can be made there; the message says why.
    """
    with suppress(OSError):
        # Before the directory is judged: it may be the service's, and be refused to root. What listens in
        # another user's directory is no daemon of ours, whatever it answers.
        check_place(path)
        _check_vacant(path)
    prepared(path.parent)
    async with _locked(path.parent):
        _check_vacant(path)
        # Under another name until it is complete: no client meets it half made, and the rename replaces a
        # stale one in one step.
        making = path.with_name(f".{os.getpid()}")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            making.unlink(missing_ok=True)
            listener.bind(str(making))
            _set_access(making, group)
            listener.listen(_BACKLOG)
            making.rename(path)
        except OSError as error:
            listener.close()
            with suppress(OSError):
                making.unlink(missing_ok=True)
            raise OSError(f"no socket can be made at {path}: {error}") from error
    return listener


@asynccontextmanager
async def _locked(directory: Path) -> AsyncIterator[None]:
    """Hold the lock of ``directory``, one daemon at a time; the kernel releases it with the process."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            async with asyncio.timeout(_LOCK_S):
                # A blocking flock() would need a thread, and could wait for ever.
                while not _try_lock(handle):  # noqa: ASYNC110 - another process releases it, without notice
                    await asyncio.sleep(_LOCK_AGAIN_S)
        except TimeoutError:
            raise BlockingIOError(f"another program keeps {directory} locked") from None
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _check_vacant(path: Path) -> None:
    """Check that ``path`` is free, or a socket without a listener.

    Raises:
        AlreadyRunning: a daemon listens on it.
        OSError: it is not a socket, or cannot be examined.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(f"{path} is in the way and not a socket; remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except BlockingIOError:
            # Its queue is full: the daemon is there, and hangs.
            raise AlreadyRunning(_already(path, "")) from None
        raise AlreadyRunning(_already(path, f" as process {peer_of(probe).pid}"))


def _already(path: Path, process: str) -> str:
    return f"ravatard already runs{process} and answers at {path}; stop it first, or give another --socket"


def _set_access(path: Path, group: str) -> None:
    """Open the socket to owner and group; to the owner alone if the group is missing or cannot be set."""
    with suppress(KeyError):
        try:
            os.chown(path, -1, grp.getgrnam(group).gr_gid)
        except PermissionError as error:
            log.debug("the group %s cannot be given the control socket: %s", group, error)
    path.chmod(0o660)
