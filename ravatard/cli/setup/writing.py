"""Writer of checked settings: secrets go to the credential store, then the files, each with a backup."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ravatard.config.candidate import ConfigCandidate, Wishes, candidate
from ravatard.config.saved.layer import saved_file
from ravatard.config.saved.store import FileSettingsStore
from ravatard.errors import RavatardError
from ravatard.host.credentials import store_credential, with_credentials
from ravatard.host.durable import keep_copy, make_directory, replace_file
from ravatard.host.state_file import state_exists
from ravatard.ports.settings import SettingsNotSaved, SettingsRefused

BACKUP = ".bak"


class NotWritten(RavatardError):
    """A file cannot be written; the old settings are still in effect."""


def put_in_effect(main: Path, environ: Mapping[str, str], wishes: Wishes, store: Path) -> list[Path]:
    """Check everything, then write it. Interrupted at any point, it can be repeated.

    Secrets go first: a configuration without its new secret would be worse than an unused secret.

    Args:
        main: the configuration file; files beside it are changed where their setting takes precedence.
        environ: the environment, which may contain settings, too.
        wishes: the settings to write.
        store: the folder of the credentials.

    Returns:
        The files that were changed, credentials included.

    Raises:
        ConfigErrors: nothing is changed.
        NotWritten: not everything is written.
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
    return changed + write_files(found) + _forget_saved(main, environ, wishes)


def _forget_saved(main: Path, environ: Mapping[str, str], wishes: Wishes) -> list[Path]:
    """Take what the page has saved of these settings away: the newest word counts, and it would override it.

    Raises:
        NotWritten: the file of saved settings cannot be written.
    """
    saved = saved_file(environ)
    if not state_exists(saved):
        return []
    store = FileSettingsStore(saved, with_credentials(environ), main)
    theirs = [name for name in store.saved() if name in wishes.names]
    if not theirs:
        return []
    try:
        store.save(dict.fromkeys(theirs), None)
    except (SettingsRefused, SettingsNotSaved) as error:
        raise NotWritten(
            f"{saved} still overrides {' and '.join(theirs)} as the page has saved it: {error}"
        ) from error
    return [saved]


def write_files(found: ConfigCandidate, suffix: str = BACKUP) -> list[Path]:
    """Write the files of ``found`` that change; keep the old ones beside them.

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


def write_beside(path: Path, suffix: str, text: str) -> Path:
    """Write ``text`` beside ``path``, with the same mode; return the new file.

    Raises:
        NotWritten: it cannot be written.
    """
    new = path.with_name(path.name + suffix)
    try:
        replace_file(new, text.encode(), mode=path.stat().st_mode & 0o7777)
    except OSError as error:
        raise _not_written(new, error) from error
    return new


def _not_written(path: Path, error: OSError) -> NotWritten:
    remedy = "run it with sudo" if isinstance(error, PermissionError) else "fix that and start again"
    return NotWritten(f"{path} cannot be written ({error.strerror}), so the old settings hold; {remedy}")
