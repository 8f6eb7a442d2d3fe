"""Which version the state directory is of: an older one is brought up to date, a newer one is left alone.

Decided: with the state of a newer ravatard (somebody went back to an older package) the daemon refuses to
start and writes nothing, for what it would write the newer one might not read. ``ravatard end-sessions``
still ends the sessions it can read there, because those cost money, but leaves the list as it is; the newer
ravatard finds them over. What is in a state directory is never more than a mute, a volume, a list of sessions
and a flight recorder: whoever wants to stay with the older ravatard removes it.
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
#: What a directory without the file holds: it was written before there was one, in the same form.
UNWRITTEN = 1
_VERSION = re.compile(rb"(\d{1,9})\s*")
_LOOKED_AT_BYTES = 64
#: The flight recorder is not migrated: what cannot be read of it is passed over, and it renews itself.
_NOT_KEPT = shutil.ignore_patterns("recorder", "before-*", "*.new")


class NewerStateError(ConfigError):
    """The state directory belongs to a newer ravatard."""


@dataclass(frozen=True, slots=True)
class StateMigration:
    """One step from one version to the next.

    Attributes:
        source: the version it starts from; it leads to ``source + 1``.
        note: what changes, one sentence for the owner.
        apply: changes the directory. May be interrupted at any point, and is then begun anew.
    """

    source: int
    note: str
    apply: Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class StateHistory:
    """Every version there was.

    Attributes:
        current: the version this program reads and writes.
        steps: a migration from each older version.
    """

    current: int
    steps: tuple[StateMigration, ...] = ()


HISTORY = StateHistory(current=1)


def version_of(directory: Path) -> int | None:
    """The version of what is in ``directory``; None when the file says nothing that can be read."""
    try:
        with (directory / FILE_NAME).open("rb") as file:
            found = _VERSION.fullmatch(file.read(_LOOKED_AT_BYTES))
    except FileNotFoundError:
        return UNWRITTEN
    except OSError:
        return None
    return int(found[1]) if found else None


def refuse_newer(directory: Path, history: StateHistory = HISTORY) -> None:
    """Nothing, unless ``directory`` belongs to a newer ravatard.

    Raises:
        NewerStateError: it does.
    """
    version = version_of(directory)
    if version is not None and version > history.current:
        raise NewerStateError(
            f"the state in {directory} is of version {version}, and this ravatard knows {history.current}; "
            f"install the newer ravatard again, or remove {directory} (a mute, a volume, and the list of "
            "live sessions, which `ravatard end-sessions` ends as far as it can read them)"
        )


def bring_up_to_date(directory: Path, history: StateHistory = HISTORY) -> None:
    """Make the state in ``directory`` one of today's version; a copy of an older one is kept in it.

    What the disk refuses is logged: an appliance without a writable disk works all the same.

    Raises:
        NewerStateError: it belongs to a newer ravatard; nothing was written.
    """
    refuse_newer(directory, history)
    version = version_of(directory)
    if version is None:
        log.warning("%s says no version and counts as of this one", directory / FILE_NAME)
        version = history.current
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for step in sorted(history.steps, key=lambda step: step.source):
            if step.source == version:
                _keep_copy(directory, version)
                step.apply(directory)
                version += 1
                _write(directory, version)
                log.info("the state in %s was brought to version %d: %s", directory, version, step.note)
        content = _content(version)
        file = directory / FILE_NAME
        if not file.is_file() or file.read_bytes() != content:
            _write(directory, version)
    except OSError as error:
        log.warning("the version of the state in %s cannot be kept: %s", directory, error.strerror or error)


def _keep_copy(directory: Path, version: int) -> None:
    """Copy what is there to ``before-N``, unless an interrupted attempt has: it may be half changed now."""
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
