"""Network of the SDK by aiohttp, whose exceptions, with URLs in them, end here.

The first call loads it: aiohttp takes most of a program's start.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
from yarl import URL

from ravatard.avatar_sdk.blocking_calls import exchanged
from ravatard.avatar_sdk.exit_guard import EXIT_GUARD
from ravatard.avatar_sdk.failures import ConnectionLost
from ravatard.avatar_sdk.network_port import (
    DIRECT,
    ApiRequest,
    NetworkSettings,
    SocketClosedByPeer,
    SocketRefused,
    WholeReply,
)
from ravatard.avatar_sdk.purchase import Purchase
from ravatard.avatar_sdk.unreached import proxy_trouble, unreached
from ravatard.cloud.bounded_socket import unredirected
from ravatard.cloud.replies import cause_of, retry_after

#: Far above every documented reply.
_LARGEST_REPLY = 4 * 1024 * 1024
#: Two minutes of sound as base64; with a larger message the peer is broken.
_LARGEST_MESSAGE = 8 * 1024 * 1024
#: A peer that answers no ping for this long is gone.
_PING_S = 5.0
_CLOSE_S = 2.0
#: Whatever aiohttp raises for what a server sends.
_FAULTS = (aiohttp.ClientError, OSError, RuntimeError, ValueError)
#: The text is looked at as bytes, where aiohttp lets us (3.14): most of it is frames without a handler.
_RAW_TEXT: dict[str, Any] = (
    {"decode_text": False} if tuple(map(int, aiohttp.__version__.split(".")[:2])) >= (3, 14) else {}
)


class StreamedReply:
    """Reply of aiohttp; implements :class:`ravatard.avatar_sdk.network_port.ComingReply`.

    Attributes:
        status: of HTTP.
        content_type: kind of the body, lower case.
        retry_after_s: seconds of Retry-After; None without.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.retry_after_s = retry_after(response.headers.get("Retry-After"))
        self._response = response

    async def read_some(self, within_s: float) -> bytes:
        """Return the next bytes, b"" at the end.

        Raises:
            ConnectionLost: none came in time, or the connection broke.
        """
        with _failures("the answer"):
            async with asyncio.timeout(within_s):
                return await self._response.content.readany()

    async def read_all(self, within_s: float) -> bytes:
        """Return the whole body.

        Raises:
            ConnectionLost: it did not come in time, or is larger than 4 MiB.
        """
        body = bytearray()
        with _failures("the answer"):
            async with asyncio.timeout(within_s):
                while piece := await self._response.content.readany():
                    body += piece
                    if len(body) > _LARGEST_REPLY:
                        raise ConnectionLost(f"the service's reply is larger than {_LARGEST_REPLY} bytes")
        return bytes(body)

    def close(self) -> None:
        """Give up what is left of it; a reply that was read whole leaves its connection open."""
        self._response.release() if self._response.content.at_eof() else self._response.close()


class OpenSocket:
    """WebSocket of aiohttp; implements :class:`ravatard.avatar_sdk.network_port.EventSocket`."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self._websocket = websocket

    async def send(self, text: str) -> None:
        """Send one message.

        Raises:
            ConnectionLost: the socket is gone.
        """
        with _failures("sending"):
            await self._websocket.send_str(text)

    async def receive(self) -> bytes | str | None:
        """Return the next text message; None for a binary one, which the API does not know.

        Raises:
            SocketClosedByPeer: it was closed, or broke.
        """
        try:
            message = await self._websocket.receive()
        except _FAULTS:
            raise SocketClosedByPeer(self._websocket.close_code) from None
        if message.type is aiohttp.WSMsgType.TEXT:
            text: bytes | str = message.data
            return text
        if message.type is aiohttp.WSMsgType.BINARY:
            return None
        error = message.data
        raise SocketClosedByPeer(
            int(error.code) if isinstance(error, aiohttp.WebSocketError) else self._websocket.close_code
        )

    async def close(self) -> None:
        """Close it, within two seconds."""
        with suppress(TimeoutError, *_FAULTS):
            async with asyncio.timeout(_CLOSE_S):
                await self._websocket.close()


class NetworkPool:
    """Connections of one client; implements :class:`ravatard.avatar_sdk.network_port.ApiNetwork`."""

    def __init__(self, settings: NetworkSettings = DIRECT) -> None:
        """Connect nothing yet; ``settings``: proxy and issuers."""
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, within_s: float
    ) -> StreamedReply:
        """Make one call; redirects, which would carry the key elsewhere, are not followed.

        Raises:
            ConnectionLost: no reply began in time.
        """
        with _failures("the service", url):
            async with asyncio.timeout(within_s):
                return StreamedReply(
                    await self._pool().request(
                        method,
                        URL(url, encoded=True),
                        headers=self._headers(url, headers),
                        data=body,
                        allow_redirects=False,
                        **self._way(url),
                    )
                )

    async def socket(self, url: str, headers: Mapping[str, str], within_s: float) -> OpenSocket:
        """Open a socket; a redirect, which would carry the voice elsewhere, is not followed.

        Raises:
            SocketRefused: the service answered with a status.
            ConnectionLost: there is no way to it, or it did not open in time.
        """
        try:
            with _failures("the socket", url):
                async with asyncio.timeout(within_s):
                    return OpenSocket(
                        await self._pool().ws_connect(
                            self._socket_url(url),
                            headers=self._headers(url, headers),
                            heartbeat=_PING_S,
                            max_msg_size=_LARGEST_MESSAGE,
                            timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                            **_RAW_TEXT,
                            **self._way(url),
                        )
                    )
        except aiohttp.WSServerHandshakeError as error:
            raise SocketRefused(error.status) from None

    def purchase(
        self, request: ApiRequest, within_s: float, unwanted: Callable[[WholeReply], None]
    ) -> Purchase:
        """Make a call that goes on whatever becomes of its caller and of the loop."""
        return Purchase(request, within_s, unwanted, self._exchanged)

    def exchange(self, request: ApiRequest, within_s: float) -> WholeReply:
        """Make a call without a loop, and block until its reply is there.

        Raises:
            ConnectionLost: no reply began in time.
        """
        return exchanged(request, within_s, settings=self._settings)

    def aside(self, work: Callable[[], None], within_s: float) -> None:
        """Do ``work`` in a thread that the program's end waits for."""
        EXIT_GUARD.run(work, within_s)

    def drop(self) -> None:
        """Forget all connections of a loop that has ended: they cannot be closed any more."""
        pool, self._session = self._session, None
        if pool is not None and (connector := pool.connector) is not None:
            pool.detach()
            # Without a loop it only notes that it is closed.
            with suppress(*_FAULTS):
                next(connector.close().__await__(), None)

    async def close(self) -> None:
        """Close all connections; a later call opens new ones."""
        pool, self._session = self._session, None
        if pool is not None:
            await pool.close()
            # aiohttp's transports need one turn of the loop to close.
            await asyncio.sleep(0)

    def _exchanged(self, request: ApiRequest, within_s: float, may_send: Callable[[], bool]) -> WholeReply:
        return exchanged(request, within_s, may_send, self._settings)

    def _headers(self, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers of a request; one without a tunnel has the proxy's login, too."""
        tunnel = url.startswith(("https:", "wss:"))
        return headers if tunnel else {**headers, **self._settings.proxy_headers()}

    def _socket_url(self, url: str) -> URL:
        # Proxies know no "ws": they get an upgrade of "http".
        address = URL(url, encoded=True)
        return address.with_scheme("http") if self._settings.proxy and address.scheme == "ws" else address

    def _way(self, url: str) -> dict[str, Any]:
        """Return proxy and issuers, as aiohttp takes them."""
        if self._tls is None and url.startswith(("https:", "wss:")):
            self._tls = self._settings.context()
        place = self._settings.proxy_place()
        way: dict[str, Any] = {"ssl": True if self._tls is None else self._tls}
        if place is not None:
            way["proxy"] = URL.build(scheme="http", host=place[0], port=place[1])
            way["proxy_headers"] = self._settings.proxy_headers()
        return way

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Nothing is unpacked: a small reply must not become a large one.
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity"},
                auto_decompress=False,
                trace_configs=[unredirected()],
            )
        return self._session


@contextmanager
def _failures(awaited: str, url: str = "") -> Iterator[None]:
    """Turn whatever aiohttp raises into ConnectionLost, without the last segment of ``url``, often secret."""
    try:
        yield
    except (ConnectionLost, aiohttp.WSServerHandshakeError):
        raise
    except TimeoutError:
        raise ConnectionLost(f"{awaited} did not come in time") from None
    except aiohttp.ClientHttpProxyError as error:
        raise ConnectionLost(proxy_trouble(error.status)) from None
    except aiohttp.ClientProxyConnectionError:
        raise ConnectionLost(proxy_trouble(None)) from None
    except aiohttp.ClientConnectorError as error:
        raise ConnectionLost(unreached(url, error)) from None
    except _FAULTS as error:
        raise ConnectionLost(f"{awaited} failed: {cause_of(error)}") from None
