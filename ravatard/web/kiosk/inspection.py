"""Inspection of the streaming page before the browser loads it, which shows a refused frame as a blank."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from ravatard.ports.network import AddressRefused, HostNotFound, ProxyUnusable, Route
from ravatard.secret import Secret
from ravatard.web.kiosk import advice
from ravatard.web.kiosk.embedding import EmbeddingPolicy, Inspection
from ravatard.web.kiosk.origin import Origin

_REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
_MOST_REDIRECTS = 5


#: Gives the route to an address. OSError when there is none, ValueError when it is no address.
RouteTo = Callable[[str], Awaitable[Route]]
#: Gives what aiohttp takes as ``ssl`` for the addresses of a server and of its proxy, "" for none.
Trust = Callable[[str, str], ssl.SSLContext | bool]


class _RouteResolver(AbstractResolver):
    """Resolver with the addresses of a route, whatever name is asked for."""

    def __init__(self, route: Route) -> None:
        self._addresses = route.addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the route's addresses, for every ``family``."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Do nothing: it holds nothing."""


async def inspect(
    address: Secret, within_s: float, *, route_to: RouteTo | None = None, trust: Trust | None = None
) -> Inspection:
    """Fetch the headers of the page at ``address`` and of its redirects; bodies are not read.

    Cancelling closes the connection. Errors are reported in the result, without the address.

    Args:
        address: the page.
        within_s: limit for all of it.
        route_to: gives the route to an address that may be connected to; None: straight to all.
        trust: gives the issuers to trust for the addresses of a connection; None: aiohttp's default.
    """
    url = address.reveal()
    origins: list[Origin] = []
    route: Route | None = None
    try:
        async with asyncio.timeout(within_s):
            for _ in range(_MOST_REDIRECTS + 1):
                origin = Origin.of(url)
                if origin is None:
                    return _trouble(origins, "it redirects to an address that is neither http nor https")
                origins.append(origin)
                route = None if route_to is None else await route_to(url)
                reply = await _fetched(url, route, trust)
                location = reply.headers.get("Location")
                if reply.status in _REDIRECTS and location:
                    url = urljoin(url, location)
                    continue
                if reply.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and route and route.proxy:
                    return _trouble(origins, _by_proxy(route, reply.status))
                if reply.status >= HTTPStatus.BAD_REQUEST:
                    return Inspection(tuple(origins), trouble=advice.answered(origin.host, reply.status))
                return Inspection(tuple(origins), _framing(reply))
            return _trouble(origins, f"more than {_MOST_REDIRECTS} redirects")
    except TimeoutError:
        by = f" by way of the proxy {route.proxy_name}" if route is not None and route.proxy else ""
        return _trouble(origins, f"no answer within {within_s:g} s{by}")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _trouble(origins, _reason(error, route))


async def _fetched(url: str, route: Route | None, trust: Trust | None) -> aiohttp.ClientResponse:
    """Return the header of the page at ``url``; its connection is closed."""
    resolver = _RouteResolver(route) if route is not None and route.proxy is None else None
    proxy = URL(route.proxy.reveal()) if route is not None and route.proxy is not None else None
    tls = True if trust is None else trust(url, str(proxy or ""))
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, ssl=tls)
    async with aiohttp.ClientSession(connector=connector) as session:
        # Escapes are kept as the peer wrote them.
        reply = await session.get(URL(url, encoded=True), allow_redirects=False, proxy=proxy)
        reply.close()
        return reply


def _framing(reply: aiohttp.ClientResponse) -> EmbeddingPolicy:
    return EmbeddingPolicy(
        tuple(reply.headers.getall("X-Frame-Options", ())),
        tuple(reply.headers.getall("Content-Security-Policy", ())),
    )


def _trouble(origins: list[Origin], reason: str) -> Inspection:
    host = origins[-1].host if origins else "the service"
    return Inspection(tuple(origins), trouble=advice.unreachable(host, reason))


def _by_proxy(route: Route, status: int) -> str:
    return f"the proxy {route.proxy_name} answers with status {status}"


def _reason(error: Exception, route: Route | None) -> str:
    """Return the error in words, not its own text, which may hold the address and thus the token."""
    if isinstance(error, AddressRefused):
        return f"it is {error}"
    if isinstance(error, ProxyUnusable):
        return f"it is {error.strerror}"
    if isinstance(error, aiohttp.ClientHttpProxyError) and route is not None:
        return _by_proxy(route, error.status)
    if isinstance(error, aiohttp.ClientProxyConnectionError) and route is not None:
        return f"the proxy {route.proxy_name} is not reached"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError | ssl.SSLError):
        return "its certificate is not trusted by this machine"
    if isinstance(error, aiohttp.ClientConnectorDNSError | HostNotFound):
        return "its name is not known"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "it does not accept a connection"
    return "the connection broke"
