"""Changes of this machine's network, as the kernel announces them: addresses and routes (rtnetlink(7))."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

_LOG = logging.getLogger(__name__)

#: Groups of rtnetlink(7), as bits (linux/rtnetlink.h): RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE,
#: RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE.
GROUPS = 0x10 | 0x40 | 0x100 | 0x400
#: An interface that comes up announces a dozen changes within a second, the last ones complete it.
SETTLED_S = 1.0
_BUFFER_BYTES = 65_536


def netlink() -> socket.socket:
    """Return an open socket that the kernel's announcements come to.

    Raises:
        OSError: this machine, or its sandbox, has none.
    """
    # Only Linux has the family, and typeshed knows it there only.
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    try:
        opened.bind((0, GROUPS))
    except BaseException:
        opened.close()
        raise
    return opened


class KernelNetworkChanges:
    """Implements :class:`ravatard.ports.host.NetworkChanges` on Linux."""

    def __init__(self, opening: Callable[[], socket.socket] = netlink) -> None:
        """``opening`` gives a socket that has something to read after a change."""
        self._opening = opening

    async def changes(self) -> AsyncIterator[None]:
        """Yield once after each change, or row of changes. Without announcements, never yield."""
        try:
            announcements = self._opening()
        except OSError as error:
            _LOG.debug("changes of the network are not noticed: %s", error)
            await asyncio.Event().wait()
            return
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()
        with announcements:
            loop.add_reader(announcements.fileno(), _drain, announcements, changed)
            try:
                while True:
                    await changed.wait()
                    await asyncio.sleep(SETTLED_S)
                    changed.clear()
                    yield
            finally:
                loop.remove_reader(announcements.fileno())


def _drain(announcements: socket.socket, changed: asyncio.Event) -> None:
    """Read what has come; its contents do not matter, and ENOBUFS means that there was more."""
    changed.set()
    with suppress(OSError):
        while announcements.recv(_BUFFER_BYTES):
            pass
