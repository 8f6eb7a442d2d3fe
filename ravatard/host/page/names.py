"""Names and addresses by which this machine is reached in its network."""

from __future__ import annotations

import socket
from contextlib import suppress


def short_name() -> str:
    """Return the name of this machine without its domain, in lower case."""
    return socket.gethostname().partition(".")[0].lower()


def own_names() -> frozenset[str]:
    """Return the names by which this machine is reached, in lower case."""
    short = short_name()
    return frozenset({"localhost", socket.gethostname().lower(), short, f"{short}.local"})


def own_addresses() -> list[str]:
    """Return the address of this machine in the network that leads out of it; none without one.

    No packet is sent: connecting a datagram socket only chooses a route. The address is one for documents
    (RFC 5737).
    """
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return [str(probe.getsockname()[0])]
    return []
