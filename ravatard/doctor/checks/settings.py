"""Checks of the configuration, and of the credentials of the service."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from ravatard.config import DEFAULT_PATH, ConfigErrors, load
from ravatard.config.advice import advice
from ravatard.doctor.check import Case
from ravatard.doctor.result import CheckResult, broken, fine, needless, unknown, warning
from ravatard.doctor.user import User, store_is_closed
from ravatard.host.state import SETTINGS

#: systemd.exec(5): folders of LoadCredential= without a path, the strongest first.
_STORES = ("/etc/credstore", "/run/credstore", "/usr/lib/credstore")
_PREFIX = "ravatard."


def look_at_credentials(case: Case) -> CheckResult:
    """Check that every credential of the service can be read."""
    files = list(credential_files(case))
    if not files:
        if store_is_closed(case):
            return needless(
                "only root may see whether /etc/credstore holds secrets; sudo ravatard doctor looks at it"
            )
        return needless("no secret is kept apart from the configuration")
    caller = User("you", case.machine.uid, case.machine.groups)
    for path in files:
        shown = case.machine.shown(path)
        try:
            found = path.stat()
        except PermissionError:
            return _sealed(case, shown)
        except OSError as error:
            return broken(
                f"the credential {shown} cannot be read: {error.strerror}",
                f"write it again: sudo install -m 600 FILE {shlex.quote(shown)}",
            )
        if path.is_dir() or found.st_size == 0:
            what = "a directory" if path.is_dir() else "empty"
            return broken(f"the credential {shown} is {what}", f"put the secret into {shown}, mode 600")
        if not caller.may(found, "r"):
            # systemd reads the store as root; a credential it has handed over must be readable to the caller.
            if "credstore" in shown:
                return _sealed(case, shown)
            return broken(
                f"the credential {shown} may not be read by you (mode {found.st_mode & 0o777:03o})",
                f"give it to the user that runs ravatard: sudo chown USER {shlex.quote(shown)}",
            )
    return fine(f"{len(files)} secret{'s' if len(files) > 1 else ''} can be read")


def _sealed(case: Case, shown: str) -> CheckResult:
    case.sealed = True
    return unknown(f"only root may read {shown}", "sudo ravatard doctor looks at it too")


def credential_files(case: Case) -> Iterator[Path]:
    """Yield the existing credential files of the service."""
    machine = case.machine
    if directory := machine.environ.get("CREDENTIALS_DIRECTORY"):
        yield from _ours(Path(directory))
        return
    for line in case.unit.all("LoadCredential") if case.unit else []:
        name, _, source = line.partition(":")
        if source:
            yield machine.path(source)
            continue
        stored = (machine.path(f"{store}/{name}") for store in _STORES)
        # Without a path the credential is optional.
        yield from [path for path in stored if _is_there(path)][:1]


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except PermissionError:
        # Only root can see whether it exists.
        return True
    except OSError:
        return False
    return True


def _ours(directory: Path) -> list[Path]:
    # Without the folder there are none; the configuration reports that itself.
    return sorted(directory.glob(f"{_PREFIX}*"))


def _from_elsewhere(case: Case) -> dict[str, str]:
    """Return credentials that the unit loads from other paths, as the equivalent variables."""
    found = {}
    for line in case.unit.all("LoadCredential") if case.unit else []:
        name, _, source = line.partition(":")
        if source and name.startswith(_PREFIX) and (text := case.machine.text(source)):
            found[name.replace(_PREFIX, "RAVATARD_", 1).replace(".", "__").upper()] = text.strip()
    return found


def environ_of(case: Case) -> dict[str, str]:
    """Return the variables that the configuration is read with: the caller's, and the service's secrets."""
    environ = dict(case.machine.environ)
    if "CREDENTIALS_DIRECTORY" not in environ and not case.sealed:
        store = next((path.parent for path in credential_files(case) if path.name.startswith(_PREFIX)), None)
        if store is not None:
            environ["CREDENTIALS_DIRECTORY"] = str(store)
        environ = _from_elsewhere(case) | environ
    return environ


def look_at_config(case: Case) -> CheckResult:
    """Check that the configuration is valid."""
    machine = case.machine
    try:
        loaded = load(
            case.asked.config,
            environ_of(case),
            default_path=machine.path(str(DEFAULT_PATH)),
            saved=case.state / SETTINGS,
        )
    except ConfigErrors as errors:
        first = errors.problems[0]
        more = len(errors.problems) - 1
        text = str(first).replace(f"{machine.root}/", "/") + (f" (and {more} more)" if more else "")
        if first.denied:
            found, _, remedy = text.partition("; ")
            return broken(found, remedy)
        return broken(text, "correct it; `ravatard config check` shows every mistake", mistakes=more + 1)
    case.options, case.board = loaded.options, loaded.board
    count = len(loaded.files)
    if not count:
        return fine("no file: all settings have their defaults")
    # Without root's eyes a secret only seems to be missing.
    warnings = [] if case.sealed else list(advice(loaded, DEFAULT_PATH))
    if warnings:
        others = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
        found, _, remedy = warnings[0].replace(f"{machine.root}/", "/").partition("; ")
        return warning(found + others, remedy, files=count)
    return fine(f"{'1 file' if count == 1 else f'{count} files'} read", files=count)
