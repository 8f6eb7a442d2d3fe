"""Version of the state directory: an older one is migrated, a newer one is left alone.

Decided: with the state of a newer ravatard (after a downgrade of the package) the daemon refuses to start and
writes nothing, since the newer one might not read it. ``ravatard end-sessions`` still ends the sessions it
can read there, because those cost money, but leaves the list as it is; the newer ravatard finds them ended. A
state directory holds only a mute, a volume, a list of sessions and a flight recorder: an owner who wants to
stay with the older ravatard removes it.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ravatard.errors import ConfigError
from ravatard.host.durable import replace_file

log = logging.getLogger(__name__)

#: The file in the state directory.
FILE_NAME = "version"
#: Version of a directory without the file: it is older than the file, and has the same form.
UNWRITTEN = 1
_VERSION = re.compile(rb"(\d{1,9})\s*")
_LOOKED_AT_BYTES = 64
#: The flight recorder is not migrated: unreadable parts are skipped, and it renews itself.
_NOT_KEPT = shutil.ignore_patterns("recorder", "before-*", "*.new")


class NewerStateError(ConfigError):
    """The state directory belongs to a newer ravatard."""


@dataclass(frozen=True, slots=True)
class StateMigration:
    """One step from one version to the next.

    Attributes:
        source: the version it starts from; it leads to ``source + 1``.
        note: the change in one sentence for the owner.
        apply: changes the directory. May be interrupted at any point, and is then started again.
    """

    source: int
    note: str
    apply: Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class StateHistory:
    """Every version so far.

    Attributes:
        current: the version this program reads and writes.
        steps: a migration from each older version.
    """

    current: int
    steps: tuple[StateMigration, ...] = ()


HISTORY = StateHistory(current=1)


def version_of(directory: Path) -> int | None:
    """Return the version of the state in ``directory``; None when its file is not readable."""
    try:
        with (directory / FILE_NAME).open("rb") as file:
            found = _VERSION.fullmatch(file.read(_LOOKED_AT_BYTES))
    except FileNotFoundError:
        return UNWRITTEN
    except OSError:
        return None
    return int(found[1]) if found else None


def refuse_newer(directory: Path, history: StateHistory = HISTORY) -> None:
    """Refuse a directory of a newer ravatard.

    Raises:
        NewerStateError: ``directory`` belongs to one.
    """
    version = version_of(directory)
    if version is not None and version > history.current:
        raise NewerStateError(
            f"the state in {directory} is of version {version}, and this ravatard knows {history.current}; "
            f"install the newer ravatard again, or remove {directory} (it holds a mute, a volume, and the "
            "list of live sessions, which `ravatard end-sessions` ends as far as it can read them)"
        )


def bring_up_to_date(directory: Path, history: StateHistory = HISTORY) -> None:
    """Migrate the state in ``directory`` to the current version; a copy of the older one is kept in it.

    Errors of the disk are logged: an appliance without a writable disk works all the same.

    Raises:
        NewerStateError: it belongs to a newer ravatard; nothing was written.
    """
    refuse_newer(directory, history)
    version = version_of(directory)
    if version is None:
        log.warning("%s holds no version and counts as the current one", directory / FILE_NAME)
        version = history.current
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for step in sorted(history.steps, key=lambda step: step.source):
            if step.source == version:
                _keep_copy(directory, version)
                step.apply(directory)
                version += 1
                _write(directory, version)
                log.info("the state in %s was migrated to version %d: %s", directory, version, step.note)
        content = _content(version)
        file = directory / FILE_NAME
        if not file.is_file() or file.read_bytes() != content:
            _write(directory, version)
    except OSError as error:
        log.warning("the version of the state in %s cannot be kept: %s", directory, error.strerror or error)


def _keep_copy(directory: Path, version: int) -> None:
    """Copy the state to ``before-N``, unless an interrupted attempt did: it may be half changed now."""
    kept = directory / f"before-{version + 1}"
    if kept.exists():
        return
    half = directory / f"{kept.name}.new"
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(directory, half, ignore=_NOT_KEPT)
    half.rename(kept)


def _write(directory: Path, version: int) -> None:
    replace_file(directory / FILE_NAME, _content(version))


def _content(version: int) -> bytes:
    return b"%d\n" % version
