"""Where this machine keeps what must outlive a power cut."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

#: file-hierarchy(7) and StateDirectory= in systemd.exec(5): where a system service keeps its state.
SYSTEM = Path("/var/lib/ravatard")


def state_directory(environ: Mapping[str, str], chosen: Path | None = None, *, system: Path = SYSTEM) -> Path:
    """The directory to keep state in. It may not exist yet.

    Args:
        environ: the environment; systemd says it in ``STATE_DIRECTORY``.
        chosen: what a person named on the command line; stronger than everything else.
        system: where the packaged service keeps it; taken when we may write there.

    Returns:
        ``chosen``, else ``STATE_DIRECTORY``, else ``system``, else ``~/.local/state/ravatard``.
    """
    if chosen is not None:
        return chosen
    # systemd.exec(5): several directories are separated by colons.
    if said := environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(said)
    if system.is_dir() and os.access(system, os.W_OK | os.X_OK):
        return system
    # XDG Base Directory Specification: a relative path is to be ignored.
    base = Path(environ.get("XDG_STATE_HOME", ""))
    if not base.is_absolute():
        base = Path(environ.get("HOME") or Path.home()) / ".local" / "state"
    return base / "ravatard"
