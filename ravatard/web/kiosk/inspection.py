"""Inspection of the streaming page before the browser loads it, which shows a refused frame as a blank."""

from __future__ import annotations

import asyncio
import ssl
from http import HTTPStatus
from urllib.parse import urljoin

import aiohttp
from yarl import URL

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


async def inspect(address: Secret, within_s: float) -> Inspection:
    """Fetch the headers of the page at ``address`` and of its redirects; bodies are not read.

    Cancelling closes the connection. Errors are reported in the result, without the address.
    """
    url = address.reveal()
    origins: list[Origin] = []
    try:
        async with asyncio.timeout(within_s), aiohttp.ClientSession() as session:
            for _ in range(_MOST_REDIRECTS + 1):
                origin = Origin.of(url)
                if origin is None:
                    return _trouble(origins, "it redirects to an address that is neither http nor https")
                origins.append(origin)
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
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError | ssl.SSLError):
        return "its certificate is not trusted by this machine"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "it does not accept a connection"
    return "the connection broke"
