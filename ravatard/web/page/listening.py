"""Sockets that the page listens on: loopback's, those of this machine's networks, or systemd's."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from ravatard.web.binding import EVERYWHERE, LOOPBACK, bind_both

_ADDRESSES = {"loopback": LOOPBACK, "lan": EVERYWHERE}


def bound(listen: str, port: int) -> list[socket.socket]:
    """Return sockets bound for ``listen`` ("loopback" or "lan"), of IPv4 and IPv6 as far as there are both.

    Raises:
        OSError: the port is taken or not permitted.
    """
    return bind_both(_ADDRESSES[listen], port, "the page is reached by IPv4 only")


def handed_over(descriptors: Sequence[int]) -> list[socket.socket]:
    """Return the listening sockets that systemd opened for the page (sd_listen_fds(3))."""
    found = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    for one in found:
        one.setblocking(False)
    return found
