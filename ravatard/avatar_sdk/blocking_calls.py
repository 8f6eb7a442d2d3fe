"""Calls without an event loop: they go on when a program's loop has ended, and are made at its very end.

By the standard library alone, as aiohttp needs a loop. A reply that breaks off is kept as far as it came: the
id of a session that is paid for may be in it.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

from ravatard.avatar_sdk.failures import ConnectionLost
from ravatard.avatar_sdk.network_port import DIRECT, ApiRequest, NetworkSettings, WholeReply
from ravatard.avatar_sdk.unreached import proxy_trouble, unreached
from ravatard.cloud.replies import retry_after

#: Far above every documented reply.
_LARGEST_REPLY = 4 * 1024 * 1024
_PIECE = 64 * 1024
#: Whatever http.client raises for what a server sends; a header with odd characters is a ValueError.
#: http.client's own words.
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")
_TLS_PORT = 443
_FAULTS = (http.client.HTTPException, OSError, ValueError)


def exchanged(
    request: ApiRequest,
    within_s: float,
    may_send: Callable[[], bool] | None = None,
    settings: NetworkSettings = DIRECT,
) -> WholeReply:
    """Make a call and return its reply; blocks for ``within_s`` seconds at most.

    Args:
        request: the call.
        within_s: limit for all of it, but a look-up of the name.
        may_send: asked once the connection stands; False: it is closed again. None: it may.
        settings: proxy and issuers.

    Raises:
        ConnectionLost: no reply began in time.
    """
    until = time.monotonic() + within_s
    path, headers = urlsplit(request.url).path, {**request.headers, "Connection": "close"}
    try:
        connection = _connection(request.url, within_s, settings)
        if settings.proxy is not None and not request.url.startswith("https:"):
            # A proxy is asked for the whole address, and passes the request on.
            path, headers = request.url, headers | settings.proxy_headers()
        with closing(connection):
            try:
                connection.connect()
            except TimeoutError:
                raise
            except OSError as error:
                raise ConnectionLost(_unreached(request.url, settings, error)) from None
            connection.sock = _BoundedSocket(connection.sock, until)
            if may_send is not None and not may_send():
                raise ConnectionLost("the call was given up")
            connection.request(request.method, path, request.body, headers)
            with closing(connection.getresponse()) as response:
                waited = retry_after(response.getheader("Retry-After"))
                return WholeReply(response.status, _read(response), waited)
    except _FAULTS as error:
        raise ConnectionLost(f"the service failed: {type(error).__name__}") from None


def _connection(url: str, within_s: float, settings: NetworkSettings) -> http.client.HTTPConnection:
    """Return a connection to be opened, to the service or to the proxy before it."""
    parts, place = urlsplit(url), settings.proxy_place()
    host, port = place or (parts.hostname or "", parts.port)
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=within_s)
    made = http.client.HTTPSConnection(host, port, timeout=within_s, context=settings.context())
    if place is not None:
        made.set_tunnel(parts.hostname or "", parts.port or _TLS_PORT, settings.proxy_headers())
    return made


def _unreached(url: str, settings: NetworkSettings, error: OSError) -> str:
    """Return a sentence about a connection that was not had; behind a proxy it may be the proxy's fault."""
    if settings.proxy is None or isinstance(error, ssl.SSLError):
        return unreached(url, error)
    refused = _TUNNEL_REFUSED.search(str(error))
    return proxy_trouble(int(refused[1]) if refused else None)


def _read(response: http.client.HTTPResponse) -> bytes:
    body = bytearray()
    try:
        while len(body) < _LARGEST_REPLY and (piece := response.read1(_PIECE)):
            body += piece
    except _FAULTS:
        # It broke off.
        pass
    return bytes(body)


class _BoundedSocket:
    """Socket whose every wait ends at one time, however slowly bytes come."""

    def __init__(self, wrapped: socket.socket, until: float) -> None:
        self._wrapped = wrapped
        self._until = until
        self._reader: io.BufferedReader | None = None

    def sendall(self, data: bytes) -> None:
        self.bound()
        self._wrapped.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        self._reader = io.BufferedReader(_BoundedReader(self))
        return self._reader

    def recv_into(self, buffer: memoryview) -> int:
        self.bound()
        return self._wrapped.recv_into(buffer)

    def bound(self) -> None:
        left_s = self._until - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError
        self._wrapped.settimeout(left_s)

    def close(self) -> None:
        # A connection is closed before its reply is read; the reader closes it then.
        if self._reader is None or self._reader.closed:
            self.end()

    def end(self) -> None:
        self._wrapped.close()


class _BoundedReader(io.RawIOBase):
    def __init__(self, source: _BoundedSocket) -> None:
        super().__init__()
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._source.recv_into(buffer)

    def close(self) -> None:
        super().close()
        self._source.end()
