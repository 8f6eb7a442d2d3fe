"""Credential store: secrets in files of their own, which systemd passes to the service alone.

systemd gives the directory of a service's credentials in ``CREDENTIALS_DIRECTORY`` (systemd.exec(5)).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ravatard.host.durable import make_directory, replace_file
from ravatard.host.runtime import service_directory
from ravatard.secret import Secret

#: systemd.exec(5), LoadCredential=: directory for a credential without a path.
STORE = Path("/etc/credstore")
#: Directory of :func:`keep_for_the_end`, below the service's runtime directory.
KEPT = "credentials"
_VARIABLE = "CREDENTIALS_DIRECTORY"


def store_credential(name: str, secret: Secret, store: Path = STORE) -> bool:
    """Write one secret to ``store``/``name``, readable to its owner alone; return True if that is a change.

    Raises:
        OSError: it is not written; an older one is still there.
    """
    file = store / name
    content = secret.reveal().encode()
    try:
        found = file.lstat()
        if file.read_bytes() == content and found.st_mode & 0o777 == 0o600:
            return False
    except FileNotFoundError:
        # Readable names would reveal which secrets there are; systemd itself makes it with this mode.
        make_directory(store, 0o700)
    else:
        if not os.path.samestat(found, file.stat()):
            # A link is replaced: no file elsewhere is overwritten through it.
            file.unlink()
        elif found.st_mode & 0o777 != 0o600:
            file.chmod(0o600)
    replace_file(file, content, mode=0o600)
    return True


def with_credentials(environ: Mapping[str, str], store: Path | None = None) -> dict[str, str]:
    """Return ``environ`` for a command, with the first directory of credentials that it may read.

    These are: the service's own; the copy kept for its end, since systemd hides the former from
    ``ExecStopPost=``; outside a service, as root, the store. The service itself is stricter: for it an
    unreadable credential is an error.
    """
    found = dict(environ)
    given = found.pop(_VARIABLE, "")
    candidates = (Path(given) if given else None, _kept(environ), None if given else store or STORE)
    for directory in candidates:
        if directory is not None and os.access(directory, os.R_OK | os.X_OK):
            return {**found, _VARIABLE: str(directory)}
    return found


def may_be_sealed(environ: Mapping[str, str], store: Path | None = None) -> bool:
    """Return True if the store exists and may not be read, so that only root sees which secrets there are."""
    store = store or STORE
    return _VARIABLE not in environ and store.is_dir() and not os.access(store, os.R_OK | os.X_OK)


def keep_for_the_end(environ: Mapping[str, str]) -> None:
    """Copy the service's credentials for its ``ExecStopPost=``, which ends the sessions of a killed daemon.

    systemd 252 hides them from that command (seen on Debian 12). The runtime directory is in memory and goes
    with the service; the copies are readable to its user alone. Outside a service nothing is copied.

    Raises:
        OSError: they are not copied.
    """
    given, directory = environ.get(_VARIABLE), _kept(environ)
    if not given or directory is None:
        return
    directory.mkdir(mode=0o700, exist_ok=True)
    wanted = {file.name: file.read_bytes() for file in Path(given).iterdir()}
    for old in directory.iterdir():
        if old.name not in wanted:
            old.unlink()
    for name, content in wanted.items():
        replace_file(directory / name, content, mode=0o600)


def _kept(environ: Mapping[str, str]) -> Path | None:
    runtime = service_directory(environ)
    return runtime and runtime / KEPT
