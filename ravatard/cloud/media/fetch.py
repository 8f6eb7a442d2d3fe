"""Fetcher of the file an answer points at. The address was chosen by a stranger and is treated so.

The addresses that are checked are those connected to: a name is looked up once, its addresses are checked,
and the connection goes to exactly those. Errors name the scheme and the host, never path or query: a link may
be a secret.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from ravatard.cloud.border import FOREIGN_FAULTS
from ravatard.cloud.certificate import lost
from ravatard.cloud.media.addresses import Reach, admitted, allowed_beside, reach_of
from ravatard.cloud.media.download import Download, begun, cause_without_url
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.proxy import Proxies, Proxy, of_environment
from ravatard.cloud.web_address import as_it_came
from ravatard.errors import MediaError

#: Gives the numeric addresses of a host. OSError when it has none.
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

_LONGEST_URL = 8_000
#: RFC 1035 section 2.3.4.
_LONGEST_HOST = 253
_PUBLIC_ONLY = frozenset({Reach.PUBLIC})
_MOVED = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "Accept": "audio/*, video/*;q=0.8, application/octet-stream;q=0.5, */*;q=0.1",
    # Sound is compressed already; a compressed body could be a thousand times what was downloaded.
    "Accept-Encoding": "identity",
    "User-Agent": "ravatard",
}


async def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of ``host``, as the system finds them.

    Raises:
        OSError: it has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class WebFetch:
    """Fetcher over http and https; implements :class:`ravatard.ports.media.Fetch`."""

    def __init__(
        self,
        options: MediaOptions,
        base_url: str,
        *,
        tls: ssl.SSLContext | None = None,
        lookup: Lookup = look_up,
        proxies: Proxies | None = None,
    ) -> None:
        """Connect nothing yet.

        Args:
            options: limits of addresses, size and time.
            base_url: URL of the service; decides whether private addresses and http are fetched.
            tls: issuers to trust; None: those this machine trusts.
            lookup: finds the addresses of a host.
            proxies: choice of a proxy; None: those of the environment.
        """
        self._options = options
        self._base = URL(base_url)
        self._tls = True if tls is None else tls
        self._lookup = lookup
        self._proxies = of_environment() if proxies is None else proxies
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
            proxy = self._proxies.of(str(here))
            addresses = await self._addresses(here, behind_proxy=proxy is not None)
            async with self._requested(here, addresses, proxy) as response:
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

    async def _addresses(self, url: URL, *, behind_proxy: bool) -> list[str]:
        """Return the addresses to connect to.

        Behind a proxy that is the proxy's affair, and names may be known to it alone; an address that is
        known here is checked all the same.
        """
        try:
            found = await self._found(url)
        except MediaError:
            if behind_proxy:
                return []
            raise
        admissible = admitted(found, _PUBLIC_ONLY) or admitted(found, await self._allowed())
        if not admissible:
            reaches = {reach_of(address) for address in found}
            what = "this machine" if Reach.LOOPBACK in reaches else "no public address"
            raise MediaError(
                f"the answer's file is at {_where(url)}, which is {what}; see media.private_addresses"
            )
        return admissible

    async def _found(self, url: URL) -> Sequence[str]:
        """Look up the addresses of a host."""
        limit_s = self._options.connect_s
        try:
            async with asyncio.timeout(limit_s):
                return await self._lookup(url.raw_host or "", url.port or 0)
        except TimeoutError:
            raise MediaError(f"{_where(url)} was not found within {limit_s:g} s") from None
        except (OSError, ValueError) as error:
            raise MediaError(f"{_where(url)} is not found ({cause_without_url(error)})") from None

    async def _allowed(self) -> frozenset[Reach]:
        match self._options.private_addresses:
            case "never":
                return _PUBLIC_ONLY
            case "always":
                return frozenset({Reach.PUBLIC, Reach.PRIVATE, Reach.LOOPBACK})
            case "auto":
                return allowed_beside(await self._found(self._base))

    @asynccontextmanager
    async def _requested(
        self, url: URL, addresses: Sequence[str], proxy: Proxy | None
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """Request once; leaving closes the connection and all that belongs to it."""
        options = self._options
        connector = aiohttp.TCPConnector(
            resolver=None if proxy else _FixedResolver(addresses),
            use_dns_cache=False,
            force_close=True,
            ssl=self._tls,
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
                        proxy=proxy.url if proxy else None,
                    )
            except TimeoutError:
                _late(url, options)
            except (aiohttp.ClientError, OSError, *FOREIGN_FAULTS) as error:
                _unreachable(url, error)
            try:
                yield response
            finally:
                response.close()


class _FixedResolver(AbstractResolver):
    """Resolver with the checked addresses of one host."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the checked addresses, for every ``family``."""
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


def _where(url: URL) -> str:
    """Return scheme, host, and the port if it is not the usual one."""
    return str(url.origin())


def _late(url: URL, options: MediaOptions) -> NoReturn:
    limit_s = options.connect_s + options.silence_s
    raise MediaError(f"{_where(url)} did not answer within {limit_s:g} s") from None


def _unreachable(url: URL, error: Exception) -> NoReturn:
    """Raise the error, without the URL that aiohttp's own text holds."""
    inner = getattr(error, "certificate_error", None)
    if isinstance(inner, ssl.SSLCertVerificationError):
        raise MediaError(str(lost(f"cannot reach {_where(url)}", url.host or "", inner))) from None
    raise MediaError(f"cannot reach {_where(url)} ({cause_without_url(error)})") from None
