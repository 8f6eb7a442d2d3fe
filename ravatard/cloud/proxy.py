"""Proxy for a request: the configured one, else that of the environment, as curl and Python take it."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ravatard.cloud.certificate import without_url

if TYPE_CHECKING:
    from yarl import URL

#: Value of ``service.proxy`` that leaves the environment's proxies alone.
NO_PROXY = "none"
#: Status of HTTP that only a proxy answers with.
ASKS_FOR_PASSWORD = 407
_KIND = {"http": "http", "ws": "http", "https": "https", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Proxy:
    """Proxy that a request goes through.

    Attributes:
        url: its URL, with the user and password it may have.
        origin: key or variable that named it.
    """

    url: URL = field(repr=False)
    origin: str

    def __str__(self) -> str:
        """Return it for people, without user and password."""
        return f"{self.url.origin()} ({self.origin})"


@dataclass(frozen=True, slots=True)
class Proxies:
    """Choice of a proxy by the address of a request.

    Attributes:
        configured: ``service.proxy``: a URL, "none", or None for those of the environment.
        environ: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in capitals or small letters.
    """

    configured: str | None
    environ: Mapping[str, str]

    def of(self, url: str) -> Proxy | None:
        """Return the proxy for a request to ``url``; None: there is none, or it cannot be used."""
        found = self.named(url)
        return found if isinstance(found, Proxy) else None

    def named(self, url: str) -> Proxy | str | None:
        """Return the proxy for a request to ``url``, a sentence about one that cannot be used, or None."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
        if not host:
            return None
        if self.configured is not None:
            return None if self.configured == NO_PROXY else _usable(self.configured, "service.proxy")
        for name in (f"{_KIND.get(parts.scheme, parts.scheme)}_proxy", "all_proxy"):
            for spelling in (name, name.upper()):
                if value := self.environ.get(spelling, "").strip():
                    return None if self._excluded(host, parts.port) else _usable(value, spelling)
        return None

    def _excluded(self, host: str, port: int | None) -> bool:
        """Return True if NO_PROXY names ``host``: by name, domain, address or network."""
        for entry in (self.environ.get("no_proxy") or self.environ.get("NO_PROXY") or "").split(","):
            name = entry.strip().lower()
            if name == "*" or _in_network(host, name):
                return True
            name, _, only_port = name.rpartition(":") if name.count(":") == 1 else (name, "", "")
            if only_port and only_port != str(port):
                continue
            name = name.removeprefix("*").strip(".")
            if name and (host == name or host.endswith(f".{name}")):
                return True
        return False


def of_environment(configured: str | None = None) -> Proxies:
    """Return the proxies of this process: ``service.proxy`` and its environment."""
    return Proxies(configured, os.environ)


def socket_by(proxy: str, url: URL) -> URL:
    """Return the URL to open a socket at: proxies know no ``ws``, and get an upgrade of ``http`` instead.

    ``wss`` goes through a tunnel. Many proxies do not pass on the upgrade of a socket without TLS.

    Args:
        proxy: the proxy for people; "" without one.
        url: URL of the socket.
    """
    return url.with_scheme("http") if proxy and url.scheme == "ws" else url


def failure_by(proxy: str, error: Exception) -> OSError:
    """Return the error of a request without its URL; one of the way to the proxy names the proxy.

    Args:
        proxy: the proxy for people; "" without one.
        error: as aiohttp raised it.
    """
    # The daemon reads its proxies before it loads what connects.
    import aiohttp

    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ConnectionError(status_of(proxy, error.status))
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return ConnectionError(f"{named(proxy)} is not reached")
    return without_url(error)


def status_of(proxy: str, status: int) -> str:
    """Return a sentence about a status with which the proxy answered in place of the server."""
    wants = ", which asks for a user and a password" if status == ASKS_FOR_PASSWORD else ""
    return f"{named(proxy)} answers with status {status}{wants}"


def named(proxy: str) -> str:
    """Return a proxy for a message, without "://": texts with an address in them are not shown."""
    return f"the proxy {proxy}".replace("://", " ")


def _usable(value: str, origin: str) -> Proxy | str:
    from yarl import URL

    try:
        url = URL(value if "://" in value else f"http://{value}")
        if url.scheme in ("http", "https") and url.host:
            return Proxy(url, origin)
        kind = f"a {url.scheme} proxy" if url.host else "no address"
    except ValueError:
        kind = "no address"
    return f"{origin} is {kind}; only http and https proxies can be used, so requests go without one"


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
