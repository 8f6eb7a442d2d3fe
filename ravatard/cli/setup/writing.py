"""Write settings that were checked: secrets to the credential store, then the files, a copy of each kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ravatard.config.candidate import ConfigCandidate, Wishes, candidate
from ravatard.errors import RavatardError
from ravatard.host.credentials import store_credential
from ravatard.host.durable import keep_copy, make_directory, replace_file

BACKUP = ".bak"


class NotWritten(RavatardError):
    """The disk does not take it; what was in effect still is."""


def put_in_effect(main: Path, environ: Mapping[str, str], wishes: Wishes, store: Path) -> list[Path]:
    """Check everything, then write it. Doing it again is harmless, at whatever point it was interrupted.

    Secrets go first: a configuration without its new secret would be worse than a secret too many.

    Args:
        main: the configuration file; files beside it that say more are changed where they have the last word.
        environ: the environment, which may set something, too.
        wishes: what is to be set.
        store: where credentials are kept.

    Returns:
        The files that were changed, credentials included.

    Raises:
        ConfigErrors: nothing is changed.
        NotWritten: not everything is.
    """
    found = candidate(main, environ, wishes)
    changed = []
    path = store
    try:
        for name, secret in wishes.secrets.items():
            path = store / name
            if store_credential(name, secret, store):
                changed.append(path)
    except OSError as error:
        raise _not_written(path, error) from error
    return changed + write_files(found)


def write_files(found: ConfigCandidate, suffix: str = BACKUP) -> list[Path]:
    """Write the files of ``found`` that change; what they were is kept beside them.

    Raises:
        NotWritten: one cannot be written; it is as it was.
    """
    for path, text in found.texts.items():
        try:
            # The service's umask would close it to the daemon.
            make_directory(path.parent, 0o755)
            keep_copy(path, suffix)
            replace_file(path, text.encode())
        except OSError as error:
            raise _not_written(path, error) from error
    return list(found.texts)


def _not_written(path: Path, error: OSError) -> NotWritten:
    remedy = "run it with sudo" if isinstance(error, PermissionError) else "mend that and start again"
    return NotWritten(f"{path} cannot be written ({error.strerror}), so the old settings hold; {remedy}")
