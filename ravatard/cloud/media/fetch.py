"""Downloads the file an answer points at, as if a stranger had chosen the address: one did.

What is checked is what is connected to: a name is looked up once, its addresses are judged, and the
connection goes to exactly those. Errors name the scheme and the host, never path or query: a link may be a
secret.
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

from ravatard.cloud.certificate import lost
from ravatard.cloud.media.addresses import Reach, admitted, allowed_beside, reach_of
from ravatard.cloud.media.download import Download, begun, cause_told
from ravatard.cloud.media.options import MediaOptions
from ravatard.errors import MediaError

#: Looks a host up: its addresses, numeric. OSError when it has none.
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
    """The addresses of ``host``, as the system finds them.

    Raises:
        OSError: it has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class WebFetch:
    """The ``Fetch`` port."""

    def __init__(
        self,
        options: MediaOptions,
        base_url: str,
        *,
        tls: ssl.SSLContext | None = None,
        lookup: Lookup = look_up,
    ) -> None:
        """Nothing is connected yet.

        Args:
            options: what may be fetched, and what it may cost.
            base_url: where the service is; decides whether private addresses and http are fetched.
            tls: whom to trust; None: whom this machine trusts.
            lookup: finds the addresses of a host.
        """
        self._options = options
        self._base = URL(base_url)
        self._tls = True if tls is None else tls
        self._lookup = lookup
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
            addresses = await self._addresses(here)
            async with self._asked(here, addresses) as response:
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
        """``text`` as an address that may be asked, relative to ``previous``."""
        if not text or len(text) > _LONGEST_URL:
            raise MediaError(
                "the answer's file has no address"
                if not text
                else "the address of the answer's file is too long"
            )
        try:
            url = URL(text) if previous is None else previous.join(URL(text))
            host, port = url.raw_host, url.port
        except ValueError:
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

    async def _addresses(self, url: URL) -> list[str]:
        """Where to connect to."""
        found = await self._found(url)
        admissible = admitted(found, _PUBLIC_ONLY) or admitted(found, await self._allowed())
        if not admissible:
            reaches = {reach_of(address) for address in found}
            what = "this machine" if Reach.LOOPBACK in reaches else "no public address"
            raise MediaError(
                f"the answer's file is at {_where(url)}, which is {what}; see media.private_addresses"
            )
        return admissible

    async def _found(self, url: URL) -> Sequence[str]:
        """The addresses of a host."""
        limit_s = self._options.connect_s
        try:
            async with asyncio.timeout(limit_s):
                return await self._lookup(url.raw_host or "", url.port or 0)
        except TimeoutError:
            raise MediaError(f"{_where(url)} was not found within {limit_s:g} s") from None
        except (OSError, ValueError) as error:
            raise MediaError(f"{_where(url)} is not found ({cause_told(error)})") from None

    async def _allowed(self) -> frozenset[Reach]:
        match self._options.private_addresses:
            case "never":
                return _PUBLIC_ONLY
            case "always":
                return frozenset({Reach.PUBLIC, Reach.PRIVATE, Reach.LOOPBACK})
            case "auto":
                return allowed_beside(await self._found(self._base))

    @asynccontextmanager
    async def _asked(
        self, url: URL, addresses: Sequence[str]
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """The response, once; then its connection is closed, with all that belongs to it."""
        options = self._options
        connector = aiohttp.TCPConnector(
            resolver=_Known(addresses), use_dns_cache=False, force_close=True, ssl=self._tls
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            # Neither proxies nor passwords of the environment.
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=options.connect_s),
        ) as session:
            try:
                async with asyncio.timeout(options.connect_s + options.silence_s):
                    response = await session.get(url, headers=_HEADERS, allow_redirects=False)
            except TimeoutError:
                _late(url, options)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                _unreachable(url, error)
            try:
                yield response
            finally:
                response.close()


class _Known(AbstractResolver):
    """Knows one host: the one whose addresses were judged."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The judged addresses, whatever ``family`` is asked for."""
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
        """Nothing is held."""


def _where(url: URL) -> str:
    """Scheme, host, and the port if it is not the usual one."""
    return str(url.origin())


def _late(url: URL, options: MediaOptions) -> NoReturn:
    limit_s = options.connect_s + options.silence_s
    raise MediaError(f"{_where(url)} did not answer within {limit_s:g} s") from None


def _unreachable(url: URL, error: Exception) -> NoReturn:
    """What is known of it, without the address that aiohttp's own words hold."""
    inner = getattr(error, "certificate_error", None)
    if isinstance(inner, ssl.SSLCertVerificationError):
        raise MediaError(str(lost(f"cannot reach {_where(url)}", url.host or "", inner))) from None
    raise MediaError(f"cannot reach {_where(url)} ({cause_told(error)})") from None
