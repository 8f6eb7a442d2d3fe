"""User id of this machine at a service, for when the owner has set none."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

#: machine-id(5): the id itself must not be exposed; hash it with a key of the application.
_SALT = b"ravatard user id"


def user_id(machine_id: Path = Path("/etc/machine-id")) -> str:
    """Return ``ravatard-`` and 16 hex digits, constant on this machine and different on every other.

    Without a machine id (some containers), the host name takes its place.
    """
    try:
        identity = machine_id.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        identity = ""
    source = (identity or socket.gethostname()).encode()
    return f"ravatard-{hashlib.blake2b(source, key=_SALT, digest_size=8).hexdigest()}"
