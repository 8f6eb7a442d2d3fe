"""The installation that this program runs from: what adds to it what is missing there, and its last upgrade.

There may be two on one machine: a clone's virtual environment, and the service's.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

#: Of the service, installed by ``make install`` or by the package.
SERVICE = Path("/opt/ravatard")
#: State of the service: file-hierarchy(7) and StateDirectory= in systemd.exec(5).
STATE = Path("/var/lib/ravatard")
#: Only the package lays the unit down there; ``make install`` uses /usr/local.
_PACKAGED_UNIT = "usr/lib/systemd/system/ravatard.service"
#: Written by systemd/upgrade/upgrade.sh, as root; removed when a later version works.
ROLLBACK_NOTE = Path("/var/lib/ravatard-upgrade/rolled-back")
_LOOKED_AT_BYTES = 4096


def is_packaged(root: Path = Path("/")) -> bool:
    """Return True if the Debian package is installed, which ``make install`` must not change."""
    return (root / _PACKAGED_UNIT).exists()


def reinstall(root: Path = Path("/")) -> str:
    """Return the command that installs the service again."""
    return "sudo apt install --reinstall ravatard" if is_packaged(root) else "sudo make install"


def is_services(directory: Path = STATE) -> bool:
    """Return True if a daemon that keeps its state in ``directory`` is the service, which systemd runs.

    Args:
        directory: a state directory; by default the service's, which its daemon and root may write to, and
            the user of a clone may not.
    """
    return directory == STATE and directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)


def owners_command(words: str, *, service: bool | None = None) -> str:
    """Return a command about the appliance as its owner has to type it: with sudo for the service's.

    Args:
        words: such as "ravatard page password".
        service: the appliance is the service; None: find out for the one that this process belongs to.
    """
    return f"sudo {words}" if (is_services() if service is None else service) else words


def restarting(*, service: bool | None = None) -> str:
    """Return how the appliance is started again; ``service``: see :func:`owners_command`."""
    if is_services() if service is None else service:
        return "`sudo systemctl restart ravatard`"
    return "a restart of `ravatard run`"


def clone_of(prefix: Path) -> Path | None:
    """Return the clone whose virtual environment is ``prefix``; None for any other installation."""
    clone = prefix.parent
    return clone if (clone / "Makefile").is_file() and (clone / "ravatard").is_dir() else None


def adding(extra: str, prefix: Path | None = None, root: Path = Path("/")) -> str:
    """Return how to add the optional dependencies ``extra`` to the installation at ``prefix``.

    Args:
        extra: name of the extra in pyproject.toml; "" for what is always needed.
        prefix: of the installation; None for the one that runs.
        root: of the machine.
    """
    prefix = prefix or Path(sys.prefix)
    if prefix == SERVICE:
        return f"run `{reinstall(root)}`"
    if (clone := clone_of(prefix)) is not None:
        # -B: what make has done once it does not look at again.
        other = (
            " (the installed service is another one)" if (root / SERVICE.relative_to("/")).exists() else ""
        )
        return f"run `make -B setup` in {clone}, whose ravatard this is{other}"
    wanted = f"ravatard[{extra}]" if extra else "ravatard"
    return f"run `{shlex.quote(f'{prefix}/bin/python3')} -m pip install --upgrade '{wanted}'`"


def rolled_back(note: Path = ROLLBACK_NOTE) -> str:
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
