"""Admission to the page's server: each connection's user, and limits for each user alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import cast

from ravatard.web.kiosk.peer_user import Address, uid_of

#: A browser opens six at once to one host; a second browser has room as well.
MOST_CONNECTIONS = 24
#: Connections of all users who may not see the page, together. They are told so, and that is all.
MOST_STRANGERS = 8
#: A connection without a whole request is closed after this time: browsers open some in advance.
REQUEST_S = 2.0

MakeProtocol = Callable[[], asyncio.Protocol]
_STRANGERS = -1


class Admission:
    """Admits connections to a server, by user.

    Attributes:
        users: ids of the users who may see the page.
    """

    def __init__(
        self,
        users: frozenset[int],
        server: MakeProtocol,
        strangers: MakeProtocol,
        *,
        owner: Callable[[Address, Address], int | None] = uid_of,
    ) -> None:
        """Take the protocols of the servers.

        Args:
            users: ids of the users who may see the page.
            server: makes a protocol of the page's server.
            strangers: makes a protocol of the server that refuses.
            owner: returns the id of the user at the other end, see :func:`uid_of`.
        """
        self.users = users
        self._server = server
        self._owner = owner
        self._strangers = strangers
        self._open: Counter[int] = Counter()
        self._silent: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}

    def protocol(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        return _Arrival(self)

    def asked(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a whole request has come on ``transport``, which then is not closed as a silent one."""
        timer = None if transport is None else self._silent.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def arrived(self, transport: asyncio.Transport) -> None:
        """Hand a new connection to its server, or close it."""
        uid = self._owner(transport.get_extra_info("peername")[:2], transport.get_extra_info("sockname")[:2])
        known = uid is not None and uid in self.users
        slot = uid if known and uid is not None else _STRANGERS
        if self._open[slot] >= (MOST_CONNECTIONS if known else MOST_STRANGERS):
            transport.abort()
            return
        self._open[slot] += 1
        timer = asyncio.get_running_loop().call_later(REQUEST_S, self._close_silent, transport)
        self._silent[transport] = timer
        protocol = _Admitted(
            self._server() if known else self._strangers(), lambda: self._left(slot, transport)
        )
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def _close_silent(self, transport: asyncio.Transport) -> None:
        self._silent.pop(transport, None)
        transport.abort()

    def _left(self, slot: int, transport: asyncio.BaseTransport) -> None:
        self._open[slot] -= 1
        self.asked(transport)


class _Arrival(asyncio.Protocol):
    """Connection whose user is not known yet."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._admission.arrived(cast(asyncio.Transport, transport))


class _Admitted(asyncio.Protocol):
    """Connection that was admitted: its server's protocol, and a call at its end."""

    def __init__(self, inner: asyncio.Protocol, left: Callable[[], None]) -> None:
        self._inner = inner
        self._left = left
        self.data_received = inner.data_received  # type: ignore[method-assign]
        self.eof_received = inner.eof_received  # type: ignore[method-assign]
        self.pause_writing = inner.pause_writing  # type: ignore[method-assign]
        self.resume_writing = inner.resume_writing  # type: ignore[method-assign]
        self.connection_made = inner.connection_made  # type: ignore[method-assign]

    def connection_lost(self, error: Exception | None) -> None:
        self._left()
        self._inner.connection_lost(error)
