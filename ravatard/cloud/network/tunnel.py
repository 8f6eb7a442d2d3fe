"""Tunnel through an HTTP proxy, for what is no HTTP itself (RFC 9110 section 9.3.6)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from ravatard.cloud.border import plain
from ravatard.cloud.network.trust import Issuers, trusted
from ravatard.cloud.proxy import login_headers, named, status_of, trouble_of
from ravatard.cloud.web_address import as_authority

if TYPE_CHECKING:
    from yarl import URL

#: Bytes of the proxy's answer, without the tunnel.
_LONGEST_HEAD = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: |\r\n)")
_CHALLENGE = re.compile(rb"\r\nproxy-authenticate:[ \t]*([^\r\n]{0,100})", re.IGNORECASE)
_USUAL_PORT = {"http": 80, "https": 443}


class _HeadReader(asyncio.Protocol):
    """Protocol that takes the head of the proxy's answer; what comes behind it belongs to the tunnel."""

    def __init__(self) -> None:
        self.head: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._come = bytearray()

    def data_received(self, data: bytes) -> None:
        self._come += data
        if self.head.done():
            return
        if (end := self._come.find(b"\r\n\r\n")) >= 0:
            self.head.set_result(bytes(self._come[: end + 4]))
        elif len(self._come) > _LONGEST_HEAD:
            self.connection_lost(None)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.head.done():
            self.head.set_result(b"")


async def open_tunnel(proxy: URL, name: str, place: tuple[str, int], issuers: Issuers) -> asyncio.Transport:
    """Open a tunnel; the caller sets the deadline, and closes it. Cancelling closes it, too.

    The peer at its other end must not be one that speaks first: give the transport another protocol, or
    begin TLS on it, before anything is awaited.

    Args:
        proxy: the proxy, with its login as aiohttp would send it.
        name: the proxy for people.
        place: host and port at its other end; the proxy looks the host up.
        issuers: issuers to trust for an encrypted proxy.

    Raises:
        OSError: the proxy is not reached, or opens none; the message says which.
    """
    tls = trusted(issuers) if proxy.scheme == "https" else None
    loop = asyncio.get_running_loop()
    port = proxy.port or _USUAL_PORT[proxy.scheme]
    try:
        transport, reader = await loop.create_connection(_HeadReader, proxy.host or "", port, ssl=tls)
    except OSError as error:
        raise ConnectionError(f"{named(name)} {trouble_of(error)}") from None
    try:
        transport.write(_request(proxy, place))
        _check(await reader.head, name)
    except BaseException:
        transport.abort()
        raise
    return transport


def _request(proxy: URL, place: tuple[str, int]) -> bytes:
    target = as_authority(*place)
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    lines += [f"{name}: {value}" for name, value in login_headers(proxy).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _check(head: bytes, name: str) -> None:
    """Raise for an answer that opens no tunnel; "" is one that broke off, or has no end."""
    found = _STATUS.match(head)
    if found is None:
        raise ConnectionError(f"{named(name)} opens no tunnel, and does not say why")
    status = int(found[1])
    if not 200 <= status < 300:
        challenge = _CHALLENGE.search(head)
        said = plain(challenge[1].decode("latin-1"), 100) if challenge else ""
        raise ConnectionError(status_of(name, status, {"Proxy-Authenticate": said} if said else None))
