"""Version of the state directory: an older one is migrated, a newer one is left alone.

Decided: with the state of a newer ravatard (the owner went back to an older package) the daemon refuses to
start and writes nothing, because the newer one might not read it afterwards. ``ravatard end-sessions`` still
ends the sessions it can read there, because those cost money, but leaves the list as it is; the newer
ravatard finds them ended. A state directory never holds more than a mute, a volume, saved settings, a list of
sessions and a flight recorder: an owner who wants to stay with the older ravatard removes it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ravatard.errors import ConfigError
from ravatard.host import ledger
from ravatard.host.remembered import MUTED, VOLUME
from ravatard.host.state import SETTINGS
from ravatard.host.state_file import (
    make_state_directory,
    names_in,
    opened_directory,
    read_state,
    replace_state,
    state_exists,
)

log = logging.getLogger(__name__)

#: The file in the state directory.
FILE_NAME = "version"
#: Version of a directory without the file: it was written before there was one, in the same form.
UNWRITTEN = 1
_VERSION = re.compile(rb"(\d{1,9})\s*")
_LOOKED_AT_BYTES = 64
#: Files of every version so far. The flight recorder is not migrated: unreadable records are skipped, and it
#: renews itself.
_KEPT = (FILE_NAME, MUTED, VOLUME, SETTINGS, ledger.NAME, f"{ledger.CHAT}/{ledger.NAME}")


class NewerStateError(ConfigError):
    """Refusal of a state directory that belongs to a newer ravatard."""


@dataclass(frozen=True, slots=True)
class StateMigration:
    """One step from one version to the next.

    Attributes:
        source: the version it starts from; it leads to ``source + 1``.
        note: the change, in one sentence for the owner.
        apply: changes the directory. May be interrupted at any point, and is then begun anew.
    """

    source: int
    note: str
    apply: Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class StateHistory:
    """All versions so far.

    Attributes:
        current: the version this program reads and writes.
        steps: a migration from each older version.
    """

    current: int
    steps: tuple[StateMigration, ...] = ()


def _name_the_kind(directory: Path) -> None:
    """Rewrite the lists of live sessions, the daemon's and the chat's, with the kind of each session.

    Raises:
        OSError: a chat that runs uses its list, or the disk refuses.
    """
    _rewrite_list(directory)
    chat = directory / ledger.CHAT
    if chat.is_dir():
        with _locked(chat):
            _rewrite_list(chat)


def _rewrite_list(directory: Path) -> None:
    file = directory / ledger.NAME
    if state_exists(file):
        content = read_state(file)
        if ledger.is_damaged(content):
            # FileLedger reads its lines as they are, and tells of the rest.
            return
        sessions, _ = ledger.parse(content)
        replace_state(file, ledger.render(sessions), mode=0o600)


HISTORY = StateHistory(
    current=2,
    steps=(
        StateMigration(1, "the list of live sessions names each session's kind of cloud", _name_the_kind),
    ),
)


def version_of(directory: Path) -> int | None:
    """Return the version of the state in ``directory``; None when its file cannot be read."""
    try:
        found = _VERSION.fullmatch(read_state(directory / FILE_NAME, _LOOKED_AT_BYTES))
    except FileNotFoundError:
        return UNWRITTEN
    except OSError:
        return None
    return int(found[1]) if found else None


def refuse_newer(directory: Path, history: StateHistory = HISTORY) -> None:
    """Refuse ``directory`` if it belongs to a newer ravatard.

    Raises:
        NewerStateError: it does.
    """
    version = version_of(directory)
    if version is not None and version > history.current:
        raise NewerStateError(
            f"the state in {directory} is of version {version}, and this ravatard knows {history.current}; "
            f"install the newer ravatard again, or remove {directory} (a mute, a volume, what the "
            "page has saved, and the list of live sessions, which `ravatard end-sessions` ends as far as it "
            "can read them)"
        )


def bring_up_to_date(directory: Path, history: StateHistory = HISTORY) -> None:
    """Migrate the state in ``directory`` to today's version; a copy of an older one is kept in it.

    A failure of the disk is logged: an appliance without a writable disk works all the same.

    Raises:
        NewerStateError: it belongs to a newer ravatard; nothing was written.
    """
    refuse_newer(directory, history)
    version = version_of(directory)
    if version is None:
        log.warning("%s says no version and counts as of this one", directory / FILE_NAME)
        version = history.current
    try:
        make_state_directory(directory)
        with opened_directory(directory) as opened:
            if not names_in(opened):
                version = history.current
        if version < history.current:
            with _locked(directory):
                version = _migrate(directory, version, history)
        content = _content(version)
        file = directory / FILE_NAME
        if not state_exists(file) or read_state(file) != content:
            _write(directory, version)
    except OSError as error:
        log.warning("the version of the state in %s cannot be kept: %s", directory, error.strerror or error)


def _migrate(directory: Path, version: int, history: StateHistory) -> int:
    """Take every step from ``version`` on; returns the version reached."""
    for step in sorted(history.steps, key=lambda step: step.source):
        if step.source == version:
            _keep_copy(directory, version)
            step.apply(directory)
            version += 1
            _write(directory, version)
            log.info("the state in %s was brought to version %d: %s", directory, version, step.note)
    return version


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the lock under which a process uses the list of live sessions in ``directory``.

    Raises:
        OSError: another process holds it, or the directory cannot be opened.
    """
    with opened_directory(directory) as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"another ravatard uses {directory}") from None
        yield


def _keep_copy(directory: Path, version: int) -> None:
    """Copy the state to ``before-N``, unless an interrupted attempt did: it may be half changed now."""
    kept = f"before-{version + 1}"
    half = f"{kept}.new"
    with opened_directory(directory) as opened:
        if kept in names_in(opened):
            return
        try:
            # First: rmtree() would open a FIFO of this name, and wait.
            os.unlink(half, dir_fd=opened)
        except OSError:
            shutil.rmtree(half, ignore_errors=True, dir_fd=opened)
        make_state_directory(directory / half)
        for name in _KEPT:
            if state_exists(directory / name):
                copy = directory / half / name
                make_state_directory(copy.parent)
                replace_state(copy, read_state(directory / name), mode=0o600)
        os.rename(half, kept, src_dir_fd=opened, dst_dir_fd=opened)


def _write(directory: Path, version: int) -> None:
    replace_state(directory / FILE_NAME, _content(version))


def _content(version: int) -> bytes:
    return b"%d\n" % version
