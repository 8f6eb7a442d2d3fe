"""Who this machine is to a service, when the owner gave it no name."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

#: machine-id(5): never show the id itself to others; hash it with something of one's own.
_SALT = b"ravatard user id"


def user_id(machine_id: Path = Path("/etc/machine-id")) -> str:
    """A name that stays the same on this machine and differs on every other: ``ravatard-`` and 16 hex digits.

    Without a machine id (some containers), the host name takes its place.
    """
    try:
        identity = machine_id.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        identity = ""
    source = (identity or socket.gethostname()).encode()
    return f"ravatard-{hashlib.blake2b(source, key=_SALT, digest_size=8).hexdigest()}"
