"""Sockets that the page listens on: loopback's, those of this machine's networks, or systemd's."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Sequence

from ravatard.web.connections import bind_port

log = logging.getLogger(__name__)

_ADDRESSES = {"loopback": ("127.0.0.1", "::1"), "lan": ("0.0.0.0", "::")}  # noqa: S104 - what the owner asked for


def bound(listen: str, port: int) -> list[socket.socket]:
    """Return sockets bound for ``listen`` ("loopback" or "lan"); at least the IPv4 one.

    Raises:
        OSError: the port is taken or not permitted.
    """
    first, second = _ADDRESSES[listen]
    made = [bind_port(socket.AF_INET, first, port)]
    try:
        made.append(bind_port(socket.AF_INET6, second, made[0].getsockname()[1]))
    except OSError as error:
        # Without IPv6 on this machine there is no such address.
        if error.errno == errno.EADDRINUSE:
            log.warning("port %d is taken for IPv6; the page is reached by IPv4 only", port)
    return made


def handed_over(descriptors: Sequence[int]) -> list[socket.socket]:
    """Return the listening sockets that systemd opened for the page (sd_listen_fds(3))."""
    found = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    for one in found:
        one.setblocking(False)
    return found
