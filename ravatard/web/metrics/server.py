"""HTTP server of the figures: one path, for loopback or with a token."""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address

from aiohttp import web

from ravatard.secret import Secret
from ravatard.web.binding import EVERYWHERE, LOOPBACK, bind_both
from ravatard.web.connections import Connections, Place
from ravatard.web.headers import STRICT
from ravatard.web.strict_server import StrictServer

log = logging.getLogger(__name__)

PATH = "/metrics"
#: Of one address: two scrapers, each with an old connection and a new one, and a person with curl. The ninth
#: takes the place of the one that has asked for nothing for longest.
MOST_OF_A_CLIENT = 8
MOST_CONNECTIONS = 16
REQUEST_S = 5.0
#: Time from a reply, its sending included, to the next whole request; most scrape each minute or sooner.
_NEXT_S = 65.0
_SHUTDOWN_S = 0.2

Figures = Callable[[str], Awaitable[tuple[bytes, str]]]


class MetricsServer:
    """Server of ``/metrics``."""

    def __init__(self, figures: Figures, *, token: Secret | None, lan: bool) -> None:
        """Prepare; nothing listens yet.

        Args:
            figures: returns figures and content type for a header ``Accept``.
            token: what a scraper must send; None: nothing.
            lan: listen on every address, not on loopback alone.
        """
        self._figures = figures
        self._token = token
        self._lan = lan

    @asynccontextmanager
    async def opened(self, port: int) -> AsyncIterator[int]:
        """Listen; yield the port; leaving closes everything.

        Raises:
            OSError: the port is taken or not permitted.
        """

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            transport = request.transport
            connections.asked(transport)
            try:
                return await self._answer(request)
            finally:
                connections.awaited(transport, _NEXT_S)

        def place(transport: asyncio.Transport) -> Place:
            peer = transport.get_extra_info("peername")
            return Place(peer[0] if peer else None, MOST_OF_A_CLIENT, server, MOST_OF_A_CLIENT)

        # Nothing that is asked is worth a line in the log.
        server = StrictServer(
            answer,
            lambda status: _words(status, "This request cannot be answered."),
            access_log=None,
            lingering_time=0.0,
            keepalive_timeout=_NEXT_S,
        )
        connections = Connections(place, request_s=REQUEST_S, most=MOST_CONNECTIONS)
        loop = asyncio.get_running_loop()
        listening = [
            await loop.create_server(connections.protocol, sock=bound)
            for bound in _bound(port, lan=self._lan)
        ]
        try:
            yield int(listening[0].sockets[0].getsockname()[1])
        finally:
            for one in listening:
                one.close()
            await server.shutdown(_SHUTDOWN_S)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._token and not _is_loopback(request.headers.get("Host", "")):
            # A page of a stranger that has its name resolved to this machine must not read them.
            return _words(421, "Without a token this has to be asked for as 127.0.0.1 or localhost.")
        if request.path != PATH:
            return _words(404, f"There is only {PATH} here.")
        if request.method not in ("GET", "HEAD"):
            return _words(405, "Figures can only be read.", {"Allow": "GET, HEAD"})
        if self._token is not None and not _has(request, self._token):
            return _words(401, "The token is missing or wrong.", {"WWW-Authenticate": "Bearer"})
        body, content_type = await self._figures(request.headers.get("Accept", ""))
        return web.Response(body=body, headers=STRICT | {"Content-Type": content_type})


def _has(request: web.BaseRequest, token: Secret) -> bool:
    kind, _, sent = request.headers.get("Authorization", "").partition(" ")
    known = token.reveal().encode()
    return kind.lower() == "bearer" and hmac.compare_digest(sent.strip().encode("utf-8", "replace"), known)


def _is_loopback(host: str) -> bool:
    """Return True if a header ``Host`` names this machine by a loopback address."""
    if host.startswith("["):
        name = host[1:].partition("]")[0]
    else:
        name = host.rpartition(":")[0] if ":" in host else host
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _words(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=f"{text}\n", headers=STRICT | (headers or {}))


def _bound(port: int, *, lan: bool) -> list[socket.socket]:
    """Return the sockets to listen on: of all addresses or of loopback, of IPv4 and IPv6 if there are both.

    Raises:
        OSError: the port is taken or not permitted.
    """
    return bind_both(EVERYWHERE if lan else LOOPBACK, port, "the figures are reached by IPv4 only")
