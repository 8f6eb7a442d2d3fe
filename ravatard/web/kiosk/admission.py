"""Admission to the page's server: each connection's user, and limits for each user alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ravatard.web.connections import Connections, MakeProtocol, Place
from ravatard.web.kiosk.peer_user import Address, uid_of

#: A browser opens six at once to one host; a second browser has room as well.
MOST_CONNECTIONS = 24
#: Connections of all users who may not see the page, together. They are told so, and that is all.
MOST_STRANGERS = 8
#: A connection without a whole request is closed after this time: browsers open some in advance.
REQUEST_S = 2.0

_STRANGERS = -1


class Admission(Connections):
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
        super().__init__(self._place_of, request_s=REQUEST_S)
        self.users = users
        self._server = server
        self._owner = owner
        self._strangers = strangers

    def _place_of(self, transport: asyncio.Transport) -> Place:
        uid = self._owner(transport.get_extra_info("peername")[:2], transport.get_extra_info("sockname")[:2])
        if uid is not None and uid in self.users:
            return Place(uid, MOST_CONNECTIONS, self._server)
        return Place(_STRANGERS, MOST_STRANGERS, self._strangers)
