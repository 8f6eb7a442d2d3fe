"""Taking the control socket's place in the file system: never from a daemon that lives, never for everybody.

Sources: unix(7) for SO_PEERCRED and for what connecting to a stale socket answers; flock(2).
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
from ravatard.host.control.peer import peer_pid
from ravatard.host.runtime import GROUP, prepared

log = logging.getLogger(__name__)

_BACKLOG = 16
#: Another daemon that starts in the same moment holds the directory's lock for a millisecond.
_LOCK_S = 2.0
_LOCK_AGAIN_S = 0.02


class AlreadyRunning(RavatardError):
    """Another daemon answers on the same socket."""


async def open_listener(path: Path, group: str = GROUP) -> socket.socket:
    """A listening, non-blocking socket at ``path``, mode 0660, with ``group`` if there is such a one.

    A socket file that a dead daemon left is replaced.

    Raises:
        AlreadyRunning: a daemon listens there.
        OSError: no socket can be had there; the message says why.
    """
    prepared(path.parent)
    async with _locked(path.parent):
        _check_vacant(path)
        # Under another name until it is as it must be: nobody meets it half made, and the rename replaces a
        # stale one in one step.
        making = path.with_name(f".{os.getpid()}")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            making.unlink(missing_ok=True)
            listener.bind(str(making))
            _admit(making, group)
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
    """Only one daemon at a time looks and takes; the kernel gives the lock back whatever happens."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        async with _patience(directory):
            # A blocking flock() would need a thread, and could wait for ever.
            while not _try_lock(handle):  # noqa: ASYNC110 - another process gives it back, without a word
                await asyncio.sleep(_LOCK_AGAIN_S)
        yield
    finally:
        os.close(handle)


@asynccontextmanager
async def _patience(directory: Path) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_LOCK_S):
            yield
    except TimeoutError:
        raise BlockingIOError(f"{directory} is kept locked by another program") from None


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _check_vacant(path: Path) -> None:
    """Nothing is there, or a socket nobody listens on.

    Raises:
        AlreadyRunning: somebody does.
        OSError: it is no socket, or may not be looked at.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(f"{path} is in the way and no socket; remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except BlockingIOError:
            # Its queue is full: somebody is there, and hangs.
            raise AlreadyRunning(_already(path, "")) from None
        raise AlreadyRunning(_already(path, f" as process {peer_pid(probe)}"))


def _already(path: Path, who: str) -> str:
    return f"ravatard runs already{who} and answers at {path}; stop it first, or give another --socket"


def _admit(path: Path, group: str) -> None:
    """Owner and group may ask. Without the group, or without the right to give it away, the owner's own."""
    with suppress(KeyError):
        try:
            os.chown(path, -1, grp.getgrnam(group).gr_gid)
        except PermissionError as error:
            log.debug("the group %s cannot be given the control socket: %s", group, error)
    path.chmod(0o660)
