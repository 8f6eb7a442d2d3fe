"""State directory: holds the state that must survive a restart."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ravatard.installation import STATE

#: State of the service.
SYSTEM = STATE
#: The file of the settings that the page or ``ravatard config set`` has saved.
SETTINGS = "settings.yaml"
#: Folder of the flight recorder in it.
RECORDER = "recorder"


def state_directory(environ: Mapping[str, str], chosen: Path | None = None, *, system: Path = SYSTEM) -> Path:
    """Return the directory to keep state in. It may not exist yet.

    Args:
        environ: the environment; systemd sets ``STATE_DIRECTORY``.
        chosen: the directory named on the command line; it takes precedence.
        system: the packaged service's directory; used if this process may write there.

    Returns:
        ``chosen``, else ``STATE_DIRECTORY``, else ``system``, else ``~/.local/state/ravatard``.
    """
    if chosen is not None:
        return chosen
    # systemd.exec(5): several directories are separated by colons.
    if given := environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(given)
    if system.is_dir() and os.access(system, os.W_OK | os.X_OK):
        return system
    # XDG Base Directory Specification: a relative path is to be ignored.
    base = Path(environ.get("XDG_STATE_HOME", ""))
    if not base.is_absolute():
        base = Path(environ.get("HOME") or Path.home()) / ".local" / "state"
    return base / "ravatard"
