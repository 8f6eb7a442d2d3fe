"""Reason behind a failed request: a captive portal, or the issuer of a certificate that is not trusted.

Only the host that the request was for is asked, and nothing of ours is told. A portal is looked for with a
request without encryption, once in ten seconds at most.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp

from ravatard.cloud.border import FOREIGN_FAULTS
from ravatard.cloud.certificate import EXPIRED, CaptivePortal, Distrusted, openssl_reason
from ravatard.cloud.network.issuer import issuer_at
from ravatard.cloud.network.portal import LOOKED_AT_BYTES, NETWORK_LOGIN, is_here, portal_in
from ravatard.cloud.network.trust import Issuers, out_of_date
from ravatard.cloud.proxy import Proxy
from ravatard.cloud.web_address import as_authority

#: Limits for looking for a portal and for a certificate, within the deadlines of the request.
_PORTAL_S = 1.5
_CERTIFICATE_S = 2.5
_EVERY_S = 10.0
#: Errors of a network that keeps what it does not know closed.
_CLOSED = frozenset(
    {errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.EHOSTUNREACH}
)
_FAULTS = (aiohttp.ClientError, OSError, *FOREIGN_FAULTS)


def connecting() -> aiohttp.TraceConfig:
    """Return a setting for a session: a request's ``trace_request_ctx`` gets ``connected`` when it is."""

    async def note(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        if context.trace_request_ctx is not None:
            context.trace_request_ctx.connected = True

    setting = aiohttp.TraceConfig()
    setting.on_connection_create_end.append(note)
    setting.on_connection_reuseconn.append(note)
    return setting


class Diagnosis:
    """Diagnosis for one network; remembers the last answer."""

    def __init__(
        self, pool: Callable[[], aiohttp.ClientSession], tls: ssl.SSLContext | Issuers | None, port: int = 80
    ) -> None:
        """Ask nothing yet.

        Args:
            pool: gives the session to ask by.
            tls: whom the network trusts.
            port: the port that portals answer on in every server's place.
        """
        self._pool = pool
        self._issuers = tls if isinstance(tls, Issuers) else Issuers()
        self._port = port
        #: Hosts for which a request came to nothing without a connection, or to a portal.
        self._suspected: set[str] = set()
        self._portal = ""
        self._asked_at: float | None = None

    def left(self, url: str, proxy: Proxy | None, attempt: SimpleNamespace) -> None:
        """Note that the caller has left a request; one that never connected may have met a portal."""
        if proxy is None and not attempt.connected:
            self._suspected.add(_host(url))

    async def before(self, url: str, proxy: Proxy | None) -> None:
        """Look for a portal before a request is made that met one before; it would be told our secrets.

        Raises:
            CaptivePortal: there is one.
        """
        host = _host(url)
        if proxy is not None or host not in self._suspected:
            return
        self._suspected.discard(host)
        # A user may have logged in since.
        self._asked_at = None
        if portal := await self._portal_before(host):
            raise self._met(host, portal)

    def check(
        self, url: str, proxy: Proxy | None, status: int, headers: Mapping[str, str], body: bytes = b""
    ) -> None:
        """Look at an answer to a request of the service's.

        Raises:
            CaptivePortal: it came from a portal.
        """
        host = _host(url)
        clear = proxy is None and urlsplit(url).scheme in ("http", "ws") and not is_here(host)
        if not (clear or status == NETWORK_LOGIN):
            return
        if portal := portal_in(host, status, headers, body, meant=True):
            raise self._met(host, portal, clear=clear)

    async def of(self, url: str, proxy: Proxy | None, error: OSError) -> OSError:
        """Return ``error``, or one that says more of its reason."""
        host = _host(url)
        untrusted = isinstance(error, ssl.SSLCertVerificationError)
        closed = error.errno in _CLOSED or bool(openssl_reason(error))
        if proxy is None and (untrusted or closed) and (portal := await self._portal_before(host)):
            return self._met(host, portal)
        if isinstance(error, ssl.SSLCertVerificationError):
            # One that is not valid yet is the clock's matter as a rule, which is told.
            stale = out_of_date(self._issuers, datetime.now(UTC)) if error.verify_code == EXPIRED else ""
            if stale:
                # The library does not tell whose certificate of the chain it is.
                return ConnectionError(f"a certificate on the way is out of date; {stale}")
            return Distrusted(error, await self._issuer(url, proxy))
        return error

    def _met(self, host: str, portal: str, *, clear: bool = False) -> CaptivePortal:
        self._suspected.add(host)
        return CaptivePortal(portal, clear=clear)

    async def _portal_before(self, host: str) -> str:
        """Return the portal before ``host``, as of the last ten seconds; "" for none."""
        now = asyncio.get_running_loop().time()
        if is_here(host):
            return ""
        if self._asked_at is None or now - self._asked_at >= _EVERY_S:
            self._asked_at, self._portal = now, ""
            self._portal = await self._ask(host)
        return self._portal

    async def _ask(self, host: str) -> str:
        try:
            async with (
                asyncio.timeout(_PORTAL_S),
                self._pool().get(
                    f"http://{as_authority(host, self._port)}/",
                    allow_redirects=False,
                    headers={"User-Agent": "ravatard", "Accept-Encoding": "identity"},
                ) as response,
            ):
                body = bytearray()
                while len(body) < LOOKED_AT_BYTES and (piece := await response.content.readany()):
                    body += piece
                response.close()
                return portal_in(host, response.status, response.headers, bytes(body))
        except (TimeoutError, *_FAULTS):
            return ""

    async def _issuer(self, url: str, proxy: Proxy | None) -> str:
        parts = urlsplit(url)
        try:
            async with asyncio.timeout(_CERTIFICATE_S):
                return await issuer_at(parts.hostname or "", parts.port or 443, proxy, self._issuers)
        except (TimeoutError, *_FAULTS):
            return ""


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
