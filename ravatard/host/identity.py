"""Id of this appliance: the same wherever it has to be told from others, and no secret."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

#: machine-id(5): the id itself must not be exposed; hash it with a key of the application. The key is from
#: when the id was that of a user at RAVATAR alone; another one would make each appliance a new user.
_SALT = b"ravatard user id"


def appliance_id(machine_id: Path = Path("/etc/machine-id")) -> str:
    """Return the id of this appliance, also its user id at a service when the owner has set none.

    It is ``ravatard-`` and 16 hex digits, constant on this machine and different on every other. Without
    a machine id (some containers), the host name takes its place.
    """
    try:
        identity = machine_id.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        identity = ""
    source = (identity or socket.gethostname()).encode()
    return f"ravatard-{hashlib.blake2b(source, key=_SALT, digest_size=8).hexdigest()}"
