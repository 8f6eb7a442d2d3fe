"""Inspection of the streaming page before the browser loads it, which shows a refused frame as a blank."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.helpers import is_ip_address
from yarl import URL

from ravatard.ports.network import AddressRefused
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


#: Gives the addresses of a host and port that may be connected to. OSError when there is none.
Admitted = Callable[[str, int], Awaitable[Sequence[str]]]


class _AdmittedResolver(AbstractResolver):
    """Resolver that gives only addresses which may be connected to."""

    def __init__(self, admitted: Admitted) -> None:
        self._admitted = admitted

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the admitted addresses, for every ``family``."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._admitted(host, port)
        ]

    async def close(self) -> None:
        """Do nothing: it holds nothing."""


async def inspect(address: Secret, within_s: float, *, admitted: Admitted | None = None) -> Inspection:
    """Fetch the headers of the page at ``address`` and of its redirects; bodies are not read.

    Cancelling closes the connection. Errors are reported in the result, without the address.

    Args:
        address: the page.
        within_s: limit for all of it.
        admitted: addresses that may be connected to; None: all.
    """
    url = address.reveal()
    origins: list[Origin] = []
    connector = None
    if admitted is not None:
        connector = aiohttp.TCPConnector(resolver=_AdmittedResolver(admitted), use_dns_cache=False)
    try:
        async with asyncio.timeout(within_s), aiohttp.ClientSession(connector=connector) as session:
            for _ in range(_MOST_REDIRECTS + 1):
                origin = Origin.of(url)
                if origin is None:
                    return _trouble(origins, "it redirects to an address that is neither http nor https")
                origins.append(origin)
                if admitted is not None and is_ip_address(origin.host):
                    # aiohttp asks no resolver about it.
                    await admitted(origin.host, 0)
                # Escapes are kept as the peer wrote them.
                reply = await session.get(URL(url, encoded=True), allow_redirects=False)
                reply.close()
                location = reply.headers.get("Location")
                if reply.status in _REDIRECTS and location:
                    url = urljoin(url, location)
                    continue
                if reply.status >= HTTPStatus.BAD_REQUEST:
                    return Inspection(tuple(origins), trouble=advice.answered(origin.host, reply.status))
                return Inspection(tuple(origins), _framing(reply))
            return _trouble(origins, f"more than {_MOST_REDIRECTS} redirects")
    except TimeoutError:
        return _trouble(origins, f"no answer within {within_s:g} s")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _trouble(origins, _reason(error))


def _framing(reply: aiohttp.ClientResponse) -> EmbeddingPolicy:
    return EmbeddingPolicy(
        tuple(reply.headers.getall("X-Frame-Options", ())),
        tuple(reply.headers.getall("Content-Security-Policy", ())),
    )


def _trouble(origins: list[Origin], reason: str) -> Inspection:
    host = origins[-1].host if origins else "the service"
    return Inspection(tuple(origins), trouble=advice.unreachable(host, reason))


def _reason(error: Exception) -> str:
    """Return the error in words, not its own text, which may hold the address and thus the token."""
    refused = error.os_error if isinstance(error, aiohttp.ClientConnectorDNSError) else error
    if isinstance(refused, AddressRefused):
        return f"it is {refused}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError | ssl.SSLError):
        return "its certificate is not trusted by this machine"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "it does not accept a connection"
    return "the connection broke"
