"""The credential store: secrets in files of their own, which systemd hands to the service alone.

systemd names the directory of a service's credentials in ``CREDENTIALS_DIRECTORY`` (systemd.exec(5)).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ravatard.host.durable import replace_file
from ravatard.host.runtime import service_directory
from ravatard.secret import Secret

#: systemd.exec(5), LoadCredential=: where a credential without a path is looked for.
STORE = Path("/etc/credstore")
#: Below the service's runtime directory: what :func:`keep_for_the_end` keeps.
KEPT = "credentials"
_VARIABLE = "CREDENTIALS_DIRECTORY"


def store_credential(name: str, secret: Secret, store: Path = STORE) -> bool:
    """Keep one secret as ``store``/``name``, readable to its owner alone; returns whether anything changed.

    Raises:
        OSError: it is not kept; an older one is still there.
    """
    file = store / name
    content = secret.reveal().encode()
    try:
        found = file.lstat()
        if file.read_bytes() == content and found.st_mode & 0o777 == 0o600:
            return False
    except FileNotFoundError:
        # Readable names would tell which secrets there are; systemd itself makes it with this mode.
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        if not os.path.samestat(found, file.stat()):
            # Nobody's file elsewhere is overwritten through a link.
            file.unlink()
        elif found.st_mode & 0o777 != 0o600:
            file.chmod(0o600)
    replace_file(file, content, mode=0o600)
    return True


def with_credentials(environ: Mapping[str, str], store: Path = STORE) -> dict[str, str]:
    """``environ`` for a command: with a directory of credentials, if there is one it may read.

    The service's own; what it kept for its end, where systemd hides the former; by hand and as root, the
    store.
    The service itself is stricter: for it a credential that cannot be read is an error.
    """
    found = dict(environ)
    given = found.pop(_VARIABLE, "")
    candidates = (Path(given) if given else None, _kept(environ), None if given else store)
    for directory in candidates:
        if directory is not None and os.access(directory, os.R_OK | os.X_OK):
            return {**found, _VARIABLE: str(directory)}
    return found


def keep_for_the_end(environ: Mapping[str, str]) -> None:
    """Keep the service's credentials where its ``ExecStopPost=`` finds them.

    systemd 252 hides them from that command (seen on Debian 12), which ends the sessions of a daemon that was
    killed. The runtime directory is in memory, goes with the service, and the copies are for its user alone.
    Outside a service nothing is kept.

    Raises:
        OSError: they are not kept.
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
