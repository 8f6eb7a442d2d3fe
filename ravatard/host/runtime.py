"""Where the daemon keeps what lasts as long as it runs: the directory of its control socket."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Who may ask, besides root and the daemon's own user.
GROUP = "ravatard"
SOCKET_NAME = "control.sock"
#: What ``RuntimeDirectory=ravatard`` makes.
SYSTEM_DIRECTORY = Path("/run/ravatard")
#: Not TMPDIR: a client with another environment must look at the same place.
TEMPORARY_DIRECTORY = Path("/tmp")  # noqa: S108 - what is made in it is checked by prepared()


def runtime_directory(
    environ: Mapping[str, str],
    *,
    system: Path = SYSTEM_DIRECTORY,
    temporary: Path = TEMPORARY_DIRECTORY,
    uid: int | None = None,
) -> Path:
    """Where a daemon with this environment puts its socket; it need not exist yet (:func:`prepared`).

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
) -> Path:
    """Where a client should look: the first socket there is, else where a daemon of ours would put it.

    Unlike a daemon, a client need not be able to write to the directory.
    """
    for directory in _candidates(environ, system, temporary, uid):
        if os.path.lexists(directory / SOCKET_NAME):
            return directory / SOCKET_NAME
    return runtime_directory(environ, system=system, temporary=temporary, uid=uid) / SOCKET_NAME


def service_directory(environ: Mapping[str, str]) -> Path | None:
    """The runtime directory of a service of systemd, the first of several; None outside one."""
    given = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(given) if given.startswith("/") else None


def _candidates(environ: Mapping[str, str], system: Path, temporary: Path, uid: int | None) -> Iterator[Path]:
    """All directories, the best first."""
    if given := service_directory(environ):
        yield given
    yield system
    if (users := environ.get("XDG_RUNTIME_DIR", "")).startswith("/"):
        yield Path(users) / "ravatard"
    else:
        yield temporary / f"ravatard-{os.getuid() if uid is None else uid}"


def prepared(directory: Path) -> Path:
    """``directory``, made with mode 0700 if it is not there yet.

    Raises:
        OSError: it cannot be made; or everybody may write to it, or a stranger owns it, who could put a
            socket of his own there.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{directory} must be a directory and no link")
    if found.st_uid not in (0, os.getuid()) or found.st_mode & stat.S_IWOTH:
        raise PermissionError(f"{directory} may be written to by others; remove it, or give another one")
    return directory
