"""Note of an upgrade that was taken back, which the package's ``upgrade check`` leaves for the status."""

from __future__ import annotations

import json
from pathlib import Path

#: Written by systemd/upgrade/upgrade.sh, as root; removed when a later version works.
NOTE = Path("/var/lib/ravatard-upgrade/rolled-back")
_LOOKED_AT_BYTES = 4096


def rolled_back(note: Path = NOTE) -> str:
    """Return one sentence about an upgrade that was taken back; "" when the last one works."""
    try:
        with note.open("rb") as file:
            found = json.loads(file.read(_LOOKED_AT_BYTES))
        new, old, reason = (str(found[name]) for name in ("from", "to", "because"))
    except (OSError, ValueError, TypeError, KeyError):
        return ""
    return (
        f"rolled back from {new} to {old} because {reason}; the next version is tried as usual, and "
        "`journalctl -u ravatard-upgrade-check` has the rest"
    )
