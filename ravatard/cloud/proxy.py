"""Proxy for a request: the configured one, else that of the environment, as curl and Python take it."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ravatard.cloud.certificate import distrust_of, is_without_tls, openssl_reason, without_url
from ravatard.cloud.replies import cause_of
from ravatard.cloud.web_address import may_be_host
from ravatard.ports.network import ProxyUnusable
from ravatard.secret import Secret

if TYPE_CHECKING:
    from yarl import URL

#: Value of ``service.proxy`` that leaves the environment's proxies alone.
NO_PROXY = "none"
#: Status of HTTP that only a proxy answers with.
ASKS_FOR_PASSWORD = 407
#: The one scheme of a login at a proxy that is known here.
_BASIC = "basic"
_LONGEST_SCHEME = 20
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_ESCAPED_ZONE = re.compile(r"(\[[0-9A-Fa-f:.]+)%25")
_KIND = {"http": "http", "ws": "http", "https": "https", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Proxy:
    """Proxy that a request goes through.

    Attributes:
        url: its URL, with the user and password it may have: their bytes in UTF-8, read as Latin-1, which is
            what aiohttp sends them in.
        origin: key or variable that named it.
        password: its password, kept here so that it is masked wherever it is shown.
    """

    url: URL = field(repr=False)
    origin: str
    password: Secret | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Return it for people, without user and password."""
        return f"{self.url.origin()} ({self.origin})"


@dataclass(frozen=True, slots=True)
class _Exemption:
    """Entry of NO_PROXY.

    Attributes:
        all: True for every host.
        network: of addresses; None: it is none.
        name: of a host, and of the domain below it; "" of none.
        port: the one port that the name is about; "": any.
    """

    all: bool
    network: _Network | None
    name: str
    port: str

    def names(self, host: str, address: _Address | None, port: int | None) -> bool:
        """Return True if it is about a host; ``address``: the host's name is this one."""
        if self.all or (self.network is not None and address is not None and address in self.network):
            return True
        if not self.name or (self.port and self.port != str(port)):
            return False
        return host == self.name or host.endswith(f".{self.name}")


@lru_cache(maxsize=8)
def _exemptions(no_proxy: str) -> tuple[_Exemption, ...]:
    """Return the entries of a value of NO_PROXY: a firm's may be thousands, and every request asks."""
    return tuple(_exemption(entry.strip().lower()) for entry in no_proxy.split(","))


def _exemption(entry: str) -> _Exemption:
    network: _Network | None = None
    with suppress(ValueError):
        network = ipaddress.ip_network(entry, strict=False)
    name, _, port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    return _Exemption(entry == "*", network, name.removeprefix("*").strip("."), port)


@dataclass(frozen=True, slots=True)
class Proxies:
    """Choice of a proxy by the address of a request.

    Attributes:
        configured: ``service.proxy``: a URL, "none", or None for those of the environment.
        environ: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in capitals or small letters.
        username: user at a proxy whose address has none.
        password: the user's password.
    """

    configured: str | None
    environ: Mapping[str, str] = field(repr=False)
    username: str | None = None
    password: Secret | None = None

    def of(self, url: str) -> Proxy | None:
        """Return the proxy for a request to ``url``; None: there is none.

        Raises:
            ProxyUnusable: it cannot be used, and without it nothing is requested: its owner wants one.
        """
        found = self.named(url)
        if isinstance(found, str):
            raise ProxyUnusable(urlsplit(url).hostname or "", f"not reached: {found}")
        return found

    def named(self, url: str) -> Proxy | str | None:
        """Return the proxy for a request to ``url``, a sentence about one that cannot be used, or None."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
        if not host:
            return None
        if self.configured is not None:
            return None if self.configured == NO_PROXY else self._usable(self.configured, "service.proxy")
        for name in (f"{_KIND.get(parts.scheme, parts.scheme)}_proxy", "all_proxy"):
            for spelling in (name, name.upper()):
                if value := self.environ.get(spelling, "").strip():
                    return None if self._excluded(host, parts.port) else self._usable(value, spelling)
        return None

    def _excluded(self, host: str, port: int | None) -> bool:
        """Return True if NO_PROXY names ``host``: by name, domain, address or network."""
        named = self.environ.get("no_proxy") or self.environ.get("NO_PROXY") or ""
        address = _address(host)
        return any(one.names(host, address, port) for one in _exemptions(named))

    def _usable(self, value: str, origin: str) -> Proxy | str:
        from yarl import URL

        # RFC 6874, 2: in an address the sign before a zone is escaped; where connections are made it is not.
        text = _ESCAPED_ZONE.sub(r"\1%", value)
        try:
            url = URL(text if "://" in text else f"http://{text}")
            if url.scheme in ("http", "https") and url.port and may_be_host(url.host or ""):
                user, password = url.user, Secret(url.password or "")
                if user is None and self.username is not None:
                    user, password = self.username, self.password or password
                if user is None:
                    return Proxy(url, origin)
                if ":" in user:
                    # RFC 7617, 2: it would be the end of the name.
                    return f"{origin} has a user name with a colon in it, which no proxy reads; correct it"
                sent = url.with_user(_in_utf8(user)).with_password(_in_utf8(password.reveal()))
                return Proxy(sent, origin, password)
            other = url.host and url.scheme not in ("http", "https")
            kind = f"a {url.scheme} proxy" if other else "no address"
        except ValueError:
            kind = "no address"
        known = "only http and https proxies can be used"
        return f"{origin} is {kind}; {known}: write one, or none, in service.proxy"


def login_headers(url: URL) -> dict[str, str]:
    """Return the header with user and password for the proxy at ``url``, for it alone; none without them.

    Both are bytes read as Latin-1, see :class:`Proxy`. aiohttp sends the same.
    """
    if url.user is None and url.password is None:
        return {}
    login = base64.b64encode(f"{url.user or ''}:{url.password or ''}".encode("latin-1")).decode()
    return {"Proxy-Authorization": f"Basic {login}"}


def of_environment() -> Proxies:
    """Return the proxies that the environment of this process names."""
    return Proxies(None, os.environ)


def socket_by(proxy: str, url: URL) -> URL:
    """Return the URL to open a socket at: proxies know no ``ws``, and get an upgrade of ``http`` instead.

    ``wss`` goes through a tunnel. Many proxies do not pass on the upgrade of a socket without TLS.

    Args:
        proxy: the proxy for people; "" without one.
        url: URL of the socket.
    """
    return url.with_scheme("http") if proxy and url.scheme == "ws" else url


def failure_by(proxy: str, error: Exception) -> OSError:
    """Return the error of a request without its URL; one that may be the proxy's doing names the proxy.

    Args:
        proxy: the proxy for people; "" without one.
        error: as aiohttp raised it.
    """
    # The daemon reads its proxies before it loads what connects.
    import aiohttp

    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ConnectionError(status_of(proxy, error.status, error.headers))
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return ConnectionError(f"{named(proxy)} is not reached ({cause_of(without_url(error))})")
    if proxy and isinstance(error, aiohttp.ClientConnectorError) and _is_host(error.host, proxy):
        return ConnectionError(f"{named(proxy)} {trouble_of(without_url(error))}")
    said = without_url(error)
    if not proxy or isinstance(said, ssl.SSLError) or openssl_reason(said):
        return said
    # The connection is one to the proxy: the answer, or none, may be its own.
    text = f"{cause_of(said)}, by way of {named(proxy)}"
    return ConnectionError(text) if said.errno is None else ConnectionError(said.errno, text)


def trouble_of(error: OSError) -> str:
    """Return what is wrong with the connection to a proxy, the rest of a sentence."""
    if distrusted := distrust_of(error, owner="the proxy", address="the proxy's address"):
        return f"has a certificate that {distrusted}"
    if is_without_tls(openssl_reason(error)):
        return "speaks no TLS; write it with http in service.proxy"
    return f"is not reached ({cause_of(error)})"


def status_of(proxy: str, status: int, headers: Mapping[str, str] | None = None) -> str:
    """Return a sentence about a status with which the proxy answered in place of the server.

    Args:
        proxy: the proxy for people.
        status: of HTTP.
        headers: of its answer, which name the logins that it takes.
    """
    said = f"{named(proxy)} answers with status {status}"
    if status != ASKS_FOR_PASSWORD:
        return said
    schemes = _schemes(headers or {})
    if schemes and _BASIC not in (one.lower() for one in schemes):
        return f"{said}: it wants a login by {' or '.join(schemes)}, and only Basic is known here"
    keys = "network.proxy_username and network.proxy_password"
    return f"{said}: user and password are missing or wrong; write {keys}"


def _schemes(headers: Mapping[str, str]) -> list[str]:
    """Return the schemes in ``Proxy-Authenticate``, one header line each as a rule."""
    every = getattr(headers, "getall", None)
    found = every("Proxy-Authenticate", ()) if every else [headers.get("Proxy-Authenticate", "")]
    names = (str(value).strip().partition(" ")[0].strip(",") for value in list(found)[:8])
    return [name[:_LONGEST_SCHEME] for name in names if name.isascii() and name.isprintable() and name]


def _is_host(host: str, proxy: str) -> bool:
    return urlsplit(proxy.partition(" ")[0]).hostname == host.strip("[]").lower()


def _in_utf8(text: str) -> str:
    """Return ``text`` so that aiohttp, which writes Latin-1, sends it in UTF-8 (RFC 7617 section 2.1)."""
    return text.encode().decode("latin-1")


def named(proxy: str) -> str:
    """Return a proxy for a message, without "://": texts with an address in them are not shown."""
    return f"the proxy {proxy}".replace("://", " ")


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
