"""Sockets bound to an IPv4 address and to IPv6's counterpart, as far as this machine has both."""

from __future__ import annotations

import errno
import logging
import socket

from ravatard.web.connections import bind_port

log = logging.getLogger(__name__)

#: Errors of a machine without addresses of a kind.
_NONE_OF_THE_KIND = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
LOOPBACK = ("127.0.0.1", "::1")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what the owner asked for


def bind_both(addresses: tuple[str, str], port: int, taken: str) -> list[socket.socket]:
    """Return the sockets, IPv4 first, both at one port; at least one.

    Args:
        addresses: IPv4's and IPv6's.
        port: port to listen on; 0 for any free one.
        taken: what follows when the port is taken for IPv6 alone, the end of a line for the log.

    Raises:
        OSError: the port is taken or not permitted, or there is neither address.
    """
    four, six = addresses
    made: list[socket.socket] = []
    missing: OSError | None = None
    try:
        made.append(bind_port(socket.AF_INET, four, port))
    except OSError as error:
        if error.errno not in _NONE_OF_THE_KIND:
            raise
        missing = error
    try:
        made.append(bind_port(socket.AF_INET6, six, made[0].getsockname()[1] if made else port))
    except OSError as error:
        if missing is not None:
            raise missing if error.errno in _NONE_OF_THE_KIND else error from None
        # Without IPv6 on this machine there is no such address.
        if error.errno == errno.EADDRINUSE:
            log.warning("port %d is taken for IPv6; %s", port, taken)
    return made
