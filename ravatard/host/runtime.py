"""Runtime directory: holds the control socket and lasts as long as the daemon."""

from __future__ import annotations

import os
import pwd
import shlex
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

#: Members may use the control socket, besides root and the daemon's own user.
GROUP = "ravatard"
SOCKET_NAME = "control.sock"
#: Made by ``RuntimeDirectory=ravatard``.
SYSTEM_DIRECTORY = Path("/run/ravatard")
#: Not TMPDIR: a client with another environment must find the same directory.
TEMPORARY_DIRECTORY = Path("/tmp")  # noqa: S108 - prepared() checks the directory made in it


def runtime_directory(
    environ: Mapping[str, str],
    *,
    system: Path = SYSTEM_DIRECTORY,
    temporary: Path = TEMPORARY_DIRECTORY,
    uid: int | None = None,
) -> Path:
    """Return the directory for a daemon's socket; it need not exist yet (:func:`prepared`).

    ``RUNTIME_DIRECTORY`` (systemd.exec(5), the first of several), else ``system`` when that can be written
    to, else the user's own directory: below ``XDG_RUNTIME_DIR``, or below ``temporary`` without one.
    """
    for directory in _candidates(environ, system, temporary, uid):
        if directory != system or os.access(system, os.W_OK | os.X_OK):
            return directory
    raise AssertionError  # the last candidate is always taken


def find_socket(
    environ: Mapping[str, str],
    *,
    system: Path = SYSTEM_DIRECTORY,
    temporary: Path = TEMPORARY_DIRECTORY,
    uid: int | None = None,
    lstat: Callable[[Path], object] = os.lstat,
) -> Path:
    """Return the socket for a client: the first that exists, else the path a daemon would use.

    Unlike a daemon, a client need not be able to write to the directory. A directory that the client may not
    search comes after those that it may: a service probably runs there, and asking it says how to get access.
    """
    closed: Path | None = None
    for directory in _candidates(environ, system, temporary, uid):
        socket = directory / SOCKET_NAME
        try:
            lstat(socket)
        except PermissionError:
            closed = closed or socket
        except OSError:
            continue
        else:
            return socket
    return closed or runtime_directory(environ, system=system, temporary=temporary, uid=uid) / SOCKET_NAME


def service_directory(environ: Mapping[str, str]) -> Path | None:
    """Return the runtime directory of a systemd service, the first of several; None outside a service."""
    given = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(given) if given.startswith("/") else None


def _candidates(environ: Mapping[str, str], system: Path, temporary: Path, uid: int | None) -> Iterator[Path]:
    """Yield all directories, the best first."""
    if given := service_directory(environ):
        yield given
    yield system
    if (users := environ.get("XDG_RUNTIME_DIR", "")).startswith("/"):
        yield Path(users) / "ravatard"
    else:
        yield temporary / f"ravatard-{os.getuid() if uid is None else uid}"


def own_directory(
    environ: Mapping[str, str], *, temporary: Path = TEMPORARY_DIRECTORY, uid: int | None = None
) -> Path:
    """Return the caller's own directory, never a running service's, which root may write to as well.

    It need not exist yet (:func:`prepared`).
    """
    *_, own = _candidates(environ, SYSTEM_DIRECTORY, temporary, uid)
    return service_directory(environ) or own


def prepared(directory: Path) -> Path:
    """Return ``directory``, made with mode 0700 if it does not exist yet.

    Raises:
        OSError: it cannot be made; or other users may write to it or own it, and could put a socket of
            their own there. The message never advises to remove it: a daemon may be using it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{directory} must be a directory, not a link")
    if found.st_uid not in (0, os.getuid()):
        raise PermissionError(f"{directory} belongs to another user ({user_name(found.st_uid)})")
    if found.st_mode & stat.S_IWOTH:
        closing = f"sudo chmod o-w {shlex.quote(str(directory))}"
        raise PermissionError(f"other users may write to {directory}; {closing}")
    return directory


def user_name(uid: int) -> str:
    """Return the name of a user, or the id as a number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
