"""Page and signalling socket of a stream, opened as a browser would: token first, then cookies."""

from __future__ import annotations

import http.cookies
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from ravatard.cloud.bounded_socket import unredirected
from ravatard.cloud.certificate import lost
from ravatard.cloud.media.route_resolver import RouteResolver
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.network.missed_deadline import noting_proxy
from ravatard.cloud.network.trust import Issuers, context_for
from ravatard.cloud.pixelstreaming.address import StreamAddress, same_place, stream_address, with_token
from ravatard.cloud.proxy import ASKS_FOR_PASSWORD, failure_by, socket_by, status_of
from ravatard.cloud.web_address import as_it_came
from ravatard.errors import DeniedError, LinkError
from ravatard.ports.network import AddressRefused, Route
from ravatard.secret import Secret

_REDIRECTS = 5
#: The page is a few kilobytes; the text that reports a refused token is within this limit.
_PAGE_LIMIT_BYTES = 256 * 1024
#: Offers with many codecs have 10 kB. Decoding 256 kB of tiny values takes 50 ms.
_MESSAGE_LIMIT_BYTES = 96 * 1024
#: The vendor's page for a refused token posts only the closing of the session to its parent; a page that
#: plays may post it at its end, but posts the session's start, too.
_FORBIDDEN_PAGE = "/forbidden.html"
_FORBIDDEN_WORD = b"ravatar-session-close"
_PLAYING_WORD = b"ravatar-session-start"
_REFUSED = frozenset({401, 403})
_MOVED = frozenset({301, 302, 303, 307, 308})
_LONGEST_URL = 8_000
_SHOWN_HOST = 80
#: What aiohttp raises for a server that is not there, or for anything that one may send.
_FAULTS = (aiohttp.ClientError, OSError, ValueError, TypeError, LookupError, http.cookies.CookieError)
#: Limit for the socket's close; the whole player has two seconds.
_CLOSE_S = 0.4


@asynccontextmanager
async def browser(routes: Routes, tls: ssl.SSLContext | Issuers | None) -> AsyncIterator[Browser]:
    """Open a browser with a cookie jar of its own; the caller sets the deadlines.

    Args:
        routes: ways to addresses that may be connected to.
        tls: issuers to trust beside those of this machine, or a context with all of them; None: those of
            ``routes``.
    """
    async with AsyncExitStack() as sessions:
        yield Browser(sessions, routes, routes.issuers if tls is None else tls)


class Browser:
    """Cookies and connections of one visit; connects only where its routes lead."""

    def __init__(self, sessions: AsyncExitStack, routes: Routes, tls: ssl.SSLContext | Issuers) -> None:
        self._sessions = sessions
        self._routes = routes
        self._tls = tls
        # Cookies are also sent back to an IP address: a test stand has no names.
        self._jar = aiohttp.CookieJar(unsafe=True)

    async def _session(self, url: URL, route: Route) -> aiohttp.ClientSession:
        """Return a session for one request; it is closed with the browser."""
        connector = aiohttp.TCPConnector(
            ssl=context_for(self._tls, str(url), route.proxy.reveal() if route.proxy else ""),
            resolver=None if route.proxy else RouteResolver(route),
            use_dns_cache=False,
        )
        session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=self._jar,
            connector=connector,
            trace_configs=[unredirected()],
        )
        return await self._sessions.enter_async_context(session)

    async def visit(self, url: Secret, token: Secret) -> StreamAddress:
        """Fetch the page; its cookies stay in the session.

        Addresses are requested exactly as they came: their escapes may be part of a signature.

        Raises:
            LinkError: the page cannot be fetched, or no socket can be derived from it.
            DeniedError: the token is refused.
        """
        text = with_token(url.reveal(), token.reveal())
        for _ in range(_REDIRECTS + 1):
            address, route = _url(text), Route(())
            try:
                route = await self._routes.to(text)
                session = await self._session(address, route)
                with noting_proxy(route.proxy_name, lambda: True):
                    async with session.get(address, allow_redirects=False, proxy=_proxy(route)) as response:
                        location = response.headers.get("Location", "")
                        if response.status not in _MOVED or not location:
                            return await _page(response, text, route)
            except _FAULTS as error:
                raise _unreached("cannot fetch the stream's page", address, route, error) from None
            text = _redirected(text, location)
        raise LinkError(f"the stream's page redirects more than {_REDIRECTS} times")

    async def connect(
        self, address: StreamAddress, url: Secret, token: Secret
    ) -> aiohttp.ClientWebSocketResponse:
        """Open the signalling socket; the caller closes it, and answers its pings.

        The vendor's page never sends the token to the socket. Where that is refused, the token is sent once,
        to the server it was made for and to no other; a redirect is not followed.

        Raises:
            LinkError: the socket did not open.
            DeniedError: it is refused with the token, too.
        """
        status = 0
        attempts = [address.socket]
        if same_place(address.socket, url.reveal()):
            attempts.append(with_token(address.socket, token.reveal()))
        for attempt in attempts:
            place, route = _url(attempt), Route(())
            try:
                route = await self._routes.to(attempt)
                session = await self._session(place, route)
                with noting_proxy(route.proxy_name, lambda: True):
                    return await session.ws_connect(
                        socket_by(route.proxy_name, place),
                        proxy=_proxy(route),
                        headers={"Origin": address.origin},
                        max_msg_size=_MESSAGE_LIMIT_BYTES,
                        timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                        autoping=False,
                    )
            except aiohttp.WSServerHandshakeError as error:
                status = error.status
                if status == ASKS_FOR_PASSWORD and route.proxy:
                    said = status_of(route.proxy_name, status, error.headers)
                    raise LinkError(f"cannot reach the signalling server ({said})") from None
                if status not in _REFUSED:
                    raise LinkError(f"the signalling server refuses the socket (status {status})") from None
            except _FAULTS as error:
                raise _unreached("cannot reach the signalling server", place, route, error) from None
        raise _refused(f"status {status} for the signalling socket")


async def _page(response: aiohttp.ClientResponse, text: str, route: Route) -> StreamAddress:
    if response.status == ASKS_FOR_PASSWORD and route.proxy:
        said = status_of(route.proxy_name, response.status, response.headers)
        raise LinkError(f"cannot fetch the stream's page ({said})")
    if response.status in _REFUSED or response.url.path.endswith(_FORBIDDEN_PAGE):
        raise _refused(f"status {response.status}")
    if response.status >= 400:
        raise LinkError(f"the stream's page answers with status {response.status}")
    page = await _beginning(response)
    if _FORBIDDEN_WORD in page and _PLAYING_WORD not in page:
        raise _refused("the page closes the session")
    return stream_address(text)


def _redirected(text: str, location: str) -> str:
    """Return where a redirect leads."""
    try:
        target = urljoin(text, location)
        scheme = urlsplit(target).scheme
    except ValueError:
        raise LinkError("the stream's page redirects to an address that cannot be read") from None
    if scheme not in ("http", "https"):
        raise LinkError("the stream's page redirects to an address that is neither http nor https")
    if text.startswith("https:") and scheme != "https":
        raise LinkError("the stream's page leads from https to http; it is not followed")
    return target


def _unreached(what: str, address: URL, route: Route, error: Exception) -> LinkError:
    """Return the error for a host that was not reached, without the address's path and query."""
    host = (address.raw_host or "?")[:_SHOWN_HOST]
    if isinstance(error, AddressRefused):
        return LinkError(f"{what}: {host} is {error}")
    return lost(what, host, failure_by(route.proxy_name, error))


def _proxy(route: Route) -> URL | None:
    return URL(route.proxy.reveal()) if route.proxy else None


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    page = bytearray()
    async for piece in response.content.iter_any():
        page += piece
        if len(page) >= _PAGE_LIMIT_BYTES:
            break
    return bytes(page)


def _url(text: str) -> URL:
    if len(text) > _LONGEST_URL:
        raise LinkError("the stream's address is too long")
    try:
        return as_it_came(text)
    except ValueError:
        raise LinkError("the stream's address cannot be read") from None


def _refused(how: str) -> DeniedError:
    return DeniedError(f"the stream refuses the token ({how})")
