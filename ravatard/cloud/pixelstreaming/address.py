"""Address of a stream's signalling socket, derived from its page. Pure.

The vendor's page builds the socket's address from its own scheme, host and port, and drops path and query:
the token reaches the page and never the socket (PROTOCOL.md, "From the page to the socket").
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, urlsplit

from ravatard.cloud.web_address import as_authority
from ravatard.errors import LinkError

_SOCKET_SCHEME = {"http": "ws", "https": "wss"}
_DEFAULT_PORT = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_TRUE = frozenset({"", "true", "1"})


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """Facts in the address of a stream's page.

    Attributes:
        socket: URL of the signalling socket.
        origin: ``Origin`` that a browser on that page sends.
        streamer: the streamer it names, or None.
        relay_only: True to use a TURN server in any case (``ForceTURN``).
        player_offers: True if the player should make the offer (``BrowserSendOffer``).
    """

    socket: str
    origin: str
    streamer: str | None = None
    relay_only: bool = False
    player_offers: bool = False


def with_token(url: str, token: str) -> str:
    """Return ``url`` with the token in its query, as the Live Mode document adds it for an iframe."""
    address, mark, fragment = url.partition("#")
    separator = "&" if "?" in address else "?"
    return f"{address}{separator}token={quote(token, safe='')}{mark}{fragment}"


def stream_address(page: str) -> StreamAddress:
    """Read ``page``, the final address of the page. Parameter names match without regard to case.

    Raises:
        LinkError: no socket can be derived from it.
    """
    try:
        parts = urlsplit(page)
        port = parts.port
        query = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise LinkError("the stream's page has an unreadable address") from None
    if parts.scheme not in _SOCKET_SCHEME or not parts.hostname:
        raise LinkError("the stream's page has an address that is neither http nor https")
    named: dict[str, str] = {}
    for name, value in query:
        named.setdefault(name.lower(), value)
    host = _host_and_port(parts.hostname, port, parts.scheme)
    socket = named.get("ss") or f"{_SOCKET_SCHEME[parts.scheme]}://{host}"
    _check(socket, parts.scheme)
    return StreamAddress(
        socket=socket,
        origin=f"{parts.scheme}://{host}",
        streamer=named.get("streamerid") or None,
        relay_only=_on(named.get("forceturn")),
        player_offers=_on(named.get("browsersendoffer")),
    )


def same_place(one: str, other: str) -> bool:
    """Return True if two addresses (http or ws) lead to one server, equally well protected."""
    return _server(one) == _server(other) is not None


def is_loopback(url: str) -> bool:
    """Return True if the server of ``url`` is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _check(socket: str, page_scheme: str) -> None:
    try:
        parts = urlsplit(socket)
        usable = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise LinkError("the stream's page names a socket (ss=) whose address is neither ws nor wss")
    # A browser refuses it as mixed content, and so do we: the cookies may be worth stealing.
    if page_scheme == "https" and parts.scheme == "ws" and not is_loopback(socket):
        raise LinkError("the stream's page is https and names a socket (ss=) that is not wss")


def _server(url: str) -> tuple[bool, str, int | None] | None:
    try:
        parts = urlsplit(url)
        if not parts.hostname:
            return None
        port = parts.port or _DEFAULT_PORT.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme in ("https", "wss"), parts.hostname, port


def _host_and_port(host: str, port: int | None, scheme: str) -> str:
    return as_authority(host, None if port == _DEFAULT_PORT[scheme] else port)


def _on(value: str | None) -> bool:
    return value is not None and value.lower() in _TRUE
