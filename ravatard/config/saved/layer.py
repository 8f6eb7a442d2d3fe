"""The file of saved settings: read as a source between ``ravatard.d`` and the environment.

It lies in the state directory, because the service may not write to ``/etc``. A page may have written it, so
that it is trusted with less than the owner's files: a setting that is ``local_only`` has no place in it.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from ravatard.config.document import LIMIT_BYTES, DocumentError, decoded
from ravatard.config.problems import SettingOrigin
from ravatard.config.sources import BOARD, SettingSources, read_file
from ravatard.host.state import SETTINGS, SYSTEM, state_directory
from ravatard.host.state_file import read_state

#: Ending of a file that was set aside, because the appliance cannot start with it.
BAD = ".bad"


def saved_file(environ: Mapping[str, str], state: Path | None = None) -> Path:
    """Return where settings are saved; the file need not exist.

    Args:
        environ: the environment; systemd sets ``STATE_DIRECTORY``.
        state: the state directory named on the command line.
    """
    return state_directory(environ, state) / SETTINGS


def hidden(environ: Mapping[str, str], system: Path = SYSTEM) -> bool:
    """Return True if the service keeps its state where the caller may not look."""
    # systemd.exec(5): given to the service itself.
    own = "STATE_DIRECTORY" in environ
    return not own and system.is_dir() and not os.access(system, os.W_OK | os.X_OK)


def refused_change(environ: Mapping[str, str], chosen: Path | None = None) -> str:
    """Return why the caller may not change the service's state; "" if that is not refused.

    A command would change the state of a daemon that does not run, and its user would take it for done.

    Args:
        environ: the environment.
        chosen: the state directory named on the command line: then that one is meant.
    """
    if chosen is not None or not hidden(environ):
        return ""
    return (
        f"you may not write to {SYSTEM}; repeat the command with sudo, or name the state directory of a "
        f"daemon of your own: --state {shlex.quote(str(state_directory(environ)))}"
    )


def content_of(file: Path) -> bytes:
    """Return the content of the file of saved settings, at most one byte more than is allowed; b"" for none.

    Raises:
        OSError: it cannot be read, or is none of ours.
    """
    try:
        return read_state(file, LIMIT_BYTES + 1)
    except FileNotFoundError:
        return b""


def read_saved(file: Path, sources: SettingSources, text: str | None = None) -> bool:
    """Read the saved settings into ``sources``, or ``text`` in their place; False when there are none."""
    try:
        text = decoded(content_of(file)) if text is None else text
    except (DocumentError, OSError) as error:
        sources.report_unreadable(file, error)
        return False
    if not text.strip():
        return False
    board = sources.board
    if not read_file(file, sources, text):
        return False
    # It is read in the form of its version, and written in today's with the next change.
    sources.outdated.pop(file, None)
    for dotted, origin in sources.origins.items():
        if origin.name == str(file) and sources.schema.keys[dotted].setting.local_only:
            sources.report(origin, dotted, "it is set in a file of /etc/ravatard only, never by the page")
    if sources.board is not board:
        origin = SettingOrigin("file", str(file)) if sources.board is None else sources.board[1]
        sources.report(origin, BOARD, "it is named in a file of /etc/ravatard only, never by the page")
    return True
