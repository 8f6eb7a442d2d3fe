"""Fetcher of the file an answer points at. The address was chosen by a stranger and is treated so.

The addresses that are checked are those connected to: a name is looked up once, its addresses are checked,
and the connection goes to exactly those. Errors name the scheme and the host, never path or query: a link may
be a secret.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NoReturn

import aiohttp
from yarl import URL

from ravatard.cloud.border import FOREIGN_FAULTS
from ravatard.cloud.certificate import lost
from ravatard.cloud.media.address_rule import AddressLookup, AddressRule, system_addresses
from ravatard.cloud.media.download import Download, begun, cause_without_url
from ravatard.cloud.media.named_hosts import NamedHosts
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.route_resolver import RouteResolver
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.network.missed_deadline import by_way_of
from ravatard.cloud.network.trust import Issuers, context_for
from ravatard.cloud.proxy import ASKS_FOR_PASSWORD, Proxies, failure_by, of_environment, status_of
from ravatard.cloud.web_address import as_it_came
from ravatard.errors import MediaError
from ravatard.ports.network import AddressRefused, HostNotFound, Route

_LONGEST_URL = 8_000
#: RFC 1035 section 2.3.4.
_LONGEST_HOST = 253
_MOVED = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "Accept": "audio/*, video/*;q=0.8, application/octet-stream;q=0.5, */*;q=0.1",
    # Sound is compressed already; a compressed body could be a thousand times what was downloaded.
    "Accept-Encoding": "identity",
    "User-Agent": "ravatard",
}


class WebFetch:
    """Fetcher over http and https; implements :class:`ravatard.ports.media.Fetch`."""

    def __init__(
        self,
        options: MediaOptions,
        base_url: str,
        *,
        tls: ssl.SSLContext | Issuers | None = None,
        lookup: AddressLookup = system_addresses,
        proxies: Proxies | None = None,
        named: NamedHosts | None = None,
    ) -> None:
        """Connect nothing yet.

        Args:
            options: limits of addresses, size and time.
            base_url: URL of the service; decides whether private addresses and http are fetched.
            tls: issuers to trust beside those of this machine, or a context with all of them.
            lookup: finds the addresses of a host.
            proxies: choice of a proxy; None: those of the environment.
            named: list that the hosts of files are taken into.
        """
        self._options = options
        self._base = URL(base_url)
        self._tls = tls
        rule = AddressRule(options, base_url, lookup=lookup)
        self._routes = Routes(rule, of_environment() if proxies is None else proxies, named=named)
        insecure = options.insecure if options.insecure is not None else self._base.scheme == "http"
        self._schemes = frozenset({"https", "http"} if insecure else {"https"})

    @asynccontextmanager
    async def open(self, url: str) -> AsyncGenerator[Download, None]:
        """Begin to download; leaving closes the connection.

        Raises:
            MediaError: the address may not be fetched, or cannot be.
        """
        here = self._checked(url, None)
        for _ in range(self._options.redirects + 1):
            route = await self._route(here)
            async with self._requested(here, route) as response:
                if response.status in _MOVED:
                    here = self._checked(response.headers.get("Location", ""), here)
                    continue
                yield begun(response, _where(here), self._options)
                return
        raise MediaError(
            f"the answer's file was not reached with {self._options.redirects} redirects (media.redirects); "
            f"the last one led to {_where(here)}"
        )

    def _checked(self, text: str, previous: URL | None) -> URL:
        """Return ``text``, relative to ``previous``, as an address that may be requested."""
        if not text or len(text) > _LONGEST_URL:
            raise MediaError(
                "the answer's file has no address"
                if not text
                else "the address of the answer's file is too long"
            )
        try:
            url = as_it_came(text) if previous is None else previous.join(as_it_came(text))
            host, port = url.raw_host, url.port
        except FOREIGN_FAULTS:
            raise MediaError("the address of the answer's file cannot be read") from None
        if url.scheme in ("http", "https") and not (host and len(host) <= _LONGEST_HOST and port):
            raise MediaError("the address of the answer's file names no host")
        if url.scheme not in ("http", "https"):
            raise MediaError(
                f"the answer's file has a {url.scheme or 'relative'} address; only https is fetched"
            )
        if url.user is not None or url.password is not None:
            raise MediaError(f"the address of the answer's file at {_where(url)} has a user name in it")
        if url.scheme not in self._schemes:
            raise MediaError(
                f"the answer's file is at {_where(url)}, not encrypted; set media.insecure to fetch it"
            )
        return url

    async def _route(self, url: URL) -> Route:
        """Return the route to ``url``."""
        try:
            return await self._routes.to(str(url))
        except AddressRefused as error:
            raise MediaError(f"the answer's file is at {_where(url)}, which is {error}") from None
        except HostNotFound as error:
            # It may be the service itself, which decides how near a file may be.
            sought = url if error.host == url.raw_host else self._base
            late = "within" in (error.strerror or "")
            raise MediaError(f"{_where(sought)} {'was' if late else 'is'} {error.strerror}") from None

    @asynccontextmanager
    async def _requested(self, url: URL, route: Route) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """Request once; leaving closes the connection and all that belongs to it."""
        options = self._options
        connector = aiohttp.TCPConnector(
            resolver=None if route.proxy else RouteResolver(route),
            use_dns_cache=False,
            force_close=True,
            ssl=context_for(self._tls, str(url), route.proxy.reveal() if route.proxy else ""),
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            # Proxies are chosen above, and no passwords are taken from the environment's files.
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=options.connect_s),
        ) as session:
            try:
                async with asyncio.timeout(options.connect_s + options.silence_s):
                    response = await session.get(
                        url,
                        headers=_HEADERS,
                        allow_redirects=False,
                        proxy=URL(route.proxy.reveal()) if route.proxy else None,
                    )
            except TimeoutError:
                _late(url, route, options)
            except (aiohttp.ClientError, OSError, *FOREIGN_FAULTS) as error:
                _unreachable(url, route, error)
            if response.status == ASKS_FOR_PASSWORD and route.proxy:
                response.close()
                said = status_of(route.proxy_name, response.status, response.headers)
                raise MediaError(f"cannot reach {_where(url)} ({said})")
            try:
                yield response
            finally:
                response.close()


def _where(url: URL) -> str:
    """Return scheme, host, and the port if it is not the usual one."""
    return str(url.origin())


def _late(url: URL, route: Route, options: MediaOptions) -> NoReturn:
    limit_s = options.connect_s + options.silence_s
    by = by_way_of(route.proxy_name)
    raise MediaError(f"{_where(url)} did not answer within {limit_s:g} s{by}") from None


def _unreachable(url: URL, route: Route, error: Exception) -> NoReturn:
    """Raise the error, without the URL that aiohttp's own text holds."""
    if isinstance(error, aiohttp.ClientHttpProxyError | aiohttp.ClientConnectorError):
        said = failure_by(route.proxy_name, error)
        if isinstance(said, ssl.SSLCertVerificationError):
            raise MediaError(str(lost(f"cannot reach {_where(url)}", url.host or "", said))) from None
        if route.proxy:
            raise MediaError(f"cannot reach {_where(url)} ({said})") from None
    raise MediaError(f"cannot reach {_where(url)} ({cause_without_url(error)})") from None
