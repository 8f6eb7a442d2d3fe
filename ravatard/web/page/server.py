"""HTTP server of the page: connections within limits, each request with a deadline."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from socket import socket

from aiohttp import web

from ravatard.web.connections import Connections, Place
from ravatard.web.page import guard
from ravatard.web.page.dispatch import BODY_S, Recognised, addresses, unreadable
from ravatard.web.strict_server import StrictServer

#: A browser opens six at once to one host, and each open page keeps one.
MOST_OF_A_CLIENT = 24
#: Of a client that has not logged in: a browser that loads the page, and a second one.
MOST_UNKNOWN = 12
MOST_CONNECTIONS = 64
#: Time for a whole request header, from the connection on; a browser opens some connections in advance.
REQUEST_S = 10.0
#: Time from a reply, its sending included, to the next whole request.
NEXT_S = 60.0
#: The same, of a caller that was not recognised.
UNKNOWN_NEXT_S = 15.0
#: Time for the reply to a body that did not come.
_REPLY_S = 2.0
_SHUTDOWN_S = 0.2
_BACKLOG = 64

Admits = Callable[[str, str], bool]
Handler = Callable[[web.BaseRequest, Recognised], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def opened(
    sockets: Sequence[socket], answer: Handler, tls: Callable[[], ssl.SSLContext] | None, admits: Admits
) -> AsyncIterator[None]:
    """Serve on ``sockets`` inside the context; leaving closes every connection, and the sockets.

    Args:
        sockets: bound, not blocking.
        answer: answers a request, and tells whether its caller was recognised.
        tls: returns the context for a new connection; None: without TLS.
        admits: True if the client at an address may connect; the second one is ours.
    """

    async def timed(request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        whole = request.content.is_eof
        if whole():
            connections.asked(transport)
        else:
            # A stranger whose body does not come gives way like one who sends nothing.
            connections.awaited(transport, BODY_S + _REPLY_S)

        def recognised(known: bool) -> None:
            connections.recognised(transport, known=known)
            if known or whole():
                connections.asked(transport)

        try:
            return await answer(request, recognised)
        finally:
            connections.awaited(transport, NEXT_S if connections.is_known(transport) else UNKNOWN_NEXT_S)

    def place(transport: asyncio.Transport) -> Place | None:
        own, peer = addresses(transport)
        if not admits(peer, own):
            return None
        return Place(guard.client_of(peer), MOST_OF_A_CLIENT, server, MOST_UNKNOWN)

    # No access log and no lingering: what is worth noting is in the log already.
    server = StrictServer(timed, unreadable, access_log=None, lingering_time=0.0, keepalive_timeout=NEXT_S)
    connections = Connections(place, request_s=REQUEST_S, most=MOST_CONNECTIONS, tls=tls)
    loop = asyncio.get_running_loop()
    listening: list[asyncio.Server] = []
    waiting = list(sockets)
    try:
        while waiting:
            # Without TLS here: a connection is counted before its handshake.
            listening.append(
                await loop.create_server(connections.protocol, sock=waiting[0], backlog=_BACKLOG)
            )
            waiting.pop(0)
        yield
    finally:
        for one in listening:
            one.close()
        for left in waiting:
            left.close()
        await server.shutdown(_SHUTDOWN_S)
