"""Network by aiohttp. Its exceptions, and the URLs in them, stay in this module."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from ravatard.cloud.certificate import without_url
from ravatard.ports.network import HttpReply, Socket, SocketClosed, UpgradeRefused

#: Far above every documented reply: a minute of 24 kHz sound as base64 is 4 MB.
BODY_LIMIT_BYTES = 4 * 1024 * 1024
#: A spoken answer may come inline as base64; beyond this the peer is broken and the socket is closed (1009).
MESSAGE_LIMIT_BYTES = 8 * 1024 * 1024


class AiohttpSocket:
    """WebSocket of aiohttp; implements :class:`ravatard.ports.network.Socket`."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self._websocket = websocket

    async def send(self, text: str) -> None:
        """Send one text message. Cancelling may leave it half sent: the connection is then useless.

        Raises:
            OSError: the connection is gone.
        """
        try:
            await self._websocket.send_str(text)
        except (aiohttp.ClientError, ConnectionError, RuntimeError) as error:
            raise without_url(error) from None

    async def receive(self) -> str | bytes:
        """Return the next message, whole. Cancelling loses none.

        Raises:
            SocketClosed: it was closed, or broke.
        """
        message = await self._websocket.receive()
        if message.type is aiohttp.WSMsgType.TEXT or message.type is aiohttp.WSMsgType.BINARY:
            data: str | bytes = message.data
            return data
        code = self._websocket.close_code
        if isinstance(message.data, aiohttp.WebSocketError):
            code = int(message.data.code)
        raise SocketClosed(code, str(message.extra or ""))


class AiohttpNetwork:
    """One connection pool for a whole run; implements :class:`ravatard.ports.network.Network`."""

    def __init__(self, *, ping_s: float, tls: ssl.SSLContext | None = None) -> None:
        """Connect nothing yet.

        Args:
            ping_s: seconds between pings on a socket; half of it without an answer breaks it.
            tls: issuers to trust; None: those this machine trusts.
        """
        self._ping_s = ping_s
        self._tls = True if tls is None else tls
        self._session: aiohttp.ClientSession | None = None

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            # No overall time-out: the caller's deadlines rule. No cookies, no proxies of the environment.
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpReply:
        """Make one request. Cancelling closes its connection.

        Raises:
            OSError: there was no answer; as ``ssl.SSLCertVerificationError``: the server is not trusted.
        """
        try:
            async with self._pool().request(
                method, url, headers=headers, data=body, allow_redirects=False, ssl=self._tls
            ) as response:
                content = bytearray()
                async for piece in response.content.iter_any():
                    content += piece
                    if len(content) > BODY_LIMIT_BYTES:
                        raise ConnectionError(f"the reply is larger than {BODY_LIMIT_BYTES} bytes")
                return HttpReply(response.status, bytes(content), response.headers.get("Retry-After"))
        except (aiohttp.ClientError, ValueError) as error:
            raise without_url(error) from None

    @asynccontextmanager
    async def socket(self, url: str, *, headers: Mapping[str, str]) -> AsyncIterator[Socket]:
        """Open a WebSocket; leaving closes it, waiting for the peer's close frame two seconds at most.

        Raises:
            UpgradeRefused: the server answered with an HTTP status.
            OSError: there is no connection.
        """
        try:
            websocket = await self._pool().ws_connect(
                url,
                headers=headers,
                heartbeat=self._ping_s,
                max_msg_size=MESSAGE_LIMIT_BYTES,
                ssl=self._tls,
                timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
            )
        except aiohttp.WSServerHandshakeError as error:
            retry_after = error.headers.get("Retry-After") if error.headers else None
            raise UpgradeRefused(error.status, retry_after) from None
        except (aiohttp.ClientError, ValueError) as error:
            raise without_url(error) from None
        try:
            yield AiohttpSocket(websocket)
        finally:
            await websocket.close()

    async def close(self) -> None:
        """Close the pool; aiohttp's transports need one turn of the loop to close."""
        if self._session is not None:
            await self._session.close()
            self._session = None
            await asyncio.sleep(0)
