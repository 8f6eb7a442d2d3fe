"""HTTP server of the page on loopback: checks users, hosts and origins."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from ravatard.web.binding import LOOPBACK, bind_both
from ravatard.web.headers import STRICT
from ravatard.web.kiosk.admission import Admission
from ravatard.web.kiosk.assets import Assets
from ravatard.web.kiosk.origin import Origin, origin_of_host
from ravatard.web.kiosk.peer_user import user_ids
from ravatard.web.strict_server import StrictServer

log = logging.getLogger(__name__)

STATE_PATH = "/state"
_KEPT_ALIVE_S = 15.0
_SHUTDOWN_S = 0.2
_BACKLOG = 128


class KioskServer:
    """Server of the files; sockets are handed on."""

    def __init__(
        self,
        assets: Assets,
        origins: Callable[[], tuple[Origin, ...]],
        serve_page: Callable[[web.BaseRequest, Origin], Awaitable[web.StreamResponse]],
        users: Iterable[str] = (),
    ) -> None:
        """Prepare; nothing listens yet.

        Args:
            assets: the files.
            origins: returns the origins that the page's iframe may show now.
            serve_page: serves the socket of one page to its end.
            users: names of the users who may see the page, besides root and our own.
        """
        self._assets = assets
        self._origins = origins
        self._serve_page = serve_page
        self._users = tuple(users)

    @asynccontextmanager
    async def opened(self, port: int) -> AsyncIterator[int]:
        """Listen on 127.0.0.1, and on ::1 where there is IPv6; yield the port; leaving closes everything.

        Raises:
            OSError: the port is taken or not permitted.
        """

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            admission.asked(request.transport)
            try:
                return await self._answer(request)
            except (OSError, asyncio.CancelledError):
                raise
            except Exception:
                # aiohttp's own log is quiet: any page can fill it.
                log.exception("the page for the display failed to answer a request")
                raise

        async def refuse(request: web.BaseRequest) -> web.StreamResponse:
            admission.asked(request.transport)
            return _refused(self._users)

        # No access log and no lingering: requests hold nothing worth keeping.
        settings: dict[str, Any] = {"access_log": None, "lingering_time": 0.0}
        server = StrictServer(answer, _unreadable, keepalive_timeout=_KEPT_ALIVE_S, **settings)
        strangers = StrictServer(refuse, _unreadable, keepalive_timeout=0.0, **settings)
        admission = Admission(user_ids(self._users), server, strangers)
        loop = asyncio.get_running_loop()
        listening: list[asyncio.Server] = []
        try:
            for bound in _bound(port):
                listening.append(await loop.create_server(admission.protocol, sock=bound, backlog=_BACKLOG))
            yield int(listening[0].sockets[0].getsockname()[1])
        finally:
            for one in listening:
                one.close()
            await strangers.shutdown(0.0)
            await server.shutdown(_SHUTDOWN_S)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        visited = origin_of_host(request.headers.get("Host", ""))
        if visited is None:
            return _words(421, "This page has to be opened as 127.0.0.1 or localhost.")
        if request.path == STATE_PATH:
            return await self._socket(request, visited)
        asset = self._assets.get(request.path, self._origins())
        if asset is None:
            return _words(404, "There is only one page here: /")
        if request.method not in ("GET", "HEAD"):
            return _words(405, "This page can only be looked at.", {"Allow": "GET, HEAD"})
        charset = "utf-8" if asset.content_type.startswith("text/") else None
        return web.Response(
            body=asset.body, headers=asset.headers, content_type=asset.content_type, charset=charset
        )

    async def _socket(self, request: web.BaseRequest, visited: Origin) -> web.StreamResponse:
        if not web.WebSocketResponse().can_prepare(request):
            return _words(426, "This address is for the page's own WebSocket.", {"Upgrade": "websocket"})
        origin = request.headers.get("Origin", "")
        embedder = Origin.of(origin)
        # Only the page itself, and no other page of this machine: its origin is exactly the address it was
        # opened as, with TLS if a proxy in front adds it.
        if embedder is None or origin not in (f"{scheme}://{request.headers['Host']}" for scheme in _SCHEMES):
            log.warning("a page of another origin asked for the kiosk's state and was refused")
            return _words(403, "Only the page served here may ask for this.")
        return await self._serve_page(request, embedder)


_SCHEMES = ("http", "https")


def _words(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=f"{text}\n", headers=STRICT | (headers or {}))


def _unreadable(status: int) -> web.Response:
    return _words(status, "This request cannot be answered.")


def _refused(users: Iterable[str]) -> web.Response:
    """Return the reply to a user who may not see the page."""
    log.warning("another user of this machine asked for the page for the display and was refused")
    allowed = ", ".join(["root", "the user of ravatard", *users])
    reply = _words(403, f"This page is for {allowed}. kiosk.users names others.")
    reply.force_close()
    return reply


def _bound(port: int) -> list[socket.socket]:
    """Return sockets bound to the loopback addresses, of IPv4 and IPv6 as far as there are both.

    Raises:
        OSError: see :meth:`KioskServer.opened`.
    """
    return bind_both(LOOPBACK, port, "open the page as 127.0.0.1, not as localhost")
