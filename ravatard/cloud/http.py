"""Network by aiohttp. Its exceptions, and the URLs in them, stay in this module."""

from __future__ import annotations

import asyncio
import http.cookies
import logging
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn

import aiohttp

from ravatard.cloud.border import FOREIGN_FAULTS, plain
from ravatard.cloud.certificate import without_url
from ravatard.cloud.foreign_json import text_of
from ravatard.cloud.proxy import Proxies, Proxy, of_environment
from ravatard.cloud.web_address import as_it_came
from ravatard.ports.network import BrokenReply, HttpReply, Socket, SocketClosed, UpgradeRefused

log = logging.getLogger(__name__)

#: Far above every documented reply: a page of the history has 100 messages.
BODY_LIMIT_BYTES = 1024 * 1024
#: Largest message of a socket: the documented ones are texts. Beyond it the peer is broken and the socket is
#: closed (1009).
MESSAGE_LIMIT_BYTES = 2 * 1024 * 1024
#: The same in chat mode, where a spoken answer may come inline: two minutes of 24 kHz sound as base64.
SOUND_LIMIT_BYTES = 8 * 1024 * 1024
#: A body that stands still for this long has broken off; what came of it is kept.
_BODY_SILENCE_S = 60.0
#: Limit for the peer's close frame.
_CLOSE_S = 2.0
_LONGEST_SERVER = 40
#: Whatever aiohttp raises for what a server sends.
_FAULTS = (aiohttp.ClientError, http.cookies.CookieError, zlib.error, RuntimeError, *FOREIGN_FAULTS)
#: Text of a socket is decoded here where aiohttp lets us (3.14): it would close the socket for one byte that
#: is no UTF-8.
_RAW_TEXT: dict[str, Any] = (
    {"decode_text": False} if tuple(map(int, aiohttp.__version__.split(".")[:2])) >= (3, 14) else {}
)


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
        except (ConnectionError, *_FAULTS) as error:
            raise without_url(error) from None

    async def receive(self) -> str | bytes:
        """Return the next message, whole. Cancelling loses none.

        Raises:
            SocketClosed: it was closed, or broke.
        """
        try:
            message = await self._websocket.receive()
        except _FAULTS:
            raise SocketClosed(self._websocket.close_code) from None
        if message.type is aiohttp.WSMsgType.TEXT:
            return text_of(message.data)
        if message.type is aiohttp.WSMsgType.BINARY:
            data: bytes = message.data
            return data
        code = self._websocket.close_code
        if isinstance(message.data, aiohttp.WebSocketError):
            code = int(message.data.code)
        raise SocketClosed(code, plain(str(message.extra or ""), 125))


class AiohttpNetwork:
    """One connection pool for a whole run; implements :class:`ravatard.ports.network.Network`."""

    def __init__(
        self,
        *,
        ping_s: float,
        tls: ssl.SSLContext | None = None,
        proxies: Proxies | None = None,
        message_limit: int = MESSAGE_LIMIT_BYTES,
    ) -> None:
        """Connect nothing yet.

        Args:
            ping_s: seconds between pings on a socket; half of it without an answer breaks it.
            tls: issuers to trust; None: those this machine trusts.
            proxies: choice of a proxy; None: those of the environment.
            message_limit: bytes of the largest message of a socket.
        """
        self._ping_s = ping_s
        self._tls = True if tls is None else tls
        self._proxies = of_environment() if proxies is None else proxies
        self._message_limit = message_limit
        self._session: aiohttp.ClientSession | None = None
        self._reported: set[str] = set()

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            # No overall time-out: the caller's deadlines rule. No cookies. Proxies are chosen here, and no
            # passwords are taken from the environment's files.
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _proxy(self, url: str) -> Proxy | None:
        named = self._proxies.named(url)
        if isinstance(named, str):
            if named not in self._reported:
                self._reported.add(named)
                log.warning("%s", named)
            return None
        return named

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpReply:
        """Make one request. Cancelling closes its connection.

        Raises:
            BrokenReply: the answer broke off, or is too large.
            OSError: there was no answer; as ``ssl.SSLCertVerificationError``: the server is not trusted.
        """
        content = bytearray()
        proxy: Proxy | None = None
        try:
            proxy = self._proxy(url)
            async with self._pool().request(
                method,
                as_it_came(url),
                headers={"Accept-Encoding": "identity", **headers},
                data=body,
                allow_redirects=False,
                ssl=self._tls,
                proxy=proxy.url if proxy else None,
            ) as response:
                while piece := await _next_piece(response):
                    content += piece
                    if len(content) > BODY_LIMIT_BYTES:
                        _too_large(bytes(content))
                coding = response.headers.get("Content-Encoding", "")
                return HttpReply(
                    response.status,
                    _unpacked(bytes(content), coding),
                    response.headers.get("Retry-After"),
                    _server(response.headers),
                )
        except BrokenReply:
            raise
        except (aiohttp.ClientError, OSError, *_FAULTS) as error:
            if content:
                raise BrokenReply(f"the reply broke off ({type(error).__name__})", bytes(content)) from None
            raise _of_proxy(error, proxy) from None

    @asynccontextmanager
    async def socket(self, url: str, *, headers: Mapping[str, str]) -> AsyncIterator[Socket]:
        """Open a WebSocket; leaving closes it, waiting for the peer's close frame two seconds at most.

        Raises:
            UpgradeRefused: the server answered with an HTTP status.
            OSError: there is no connection.
        """
        proxy: Proxy | None = None
        try:
            proxy = self._proxy(url)
            websocket = await self._pool().ws_connect(
                as_it_came(url),
                headers=headers,
                heartbeat=self._ping_s,
                max_msg_size=self._message_limit,
                ssl=self._tls,
                proxy=proxy.url if proxy else None,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                **_RAW_TEXT,
            )
        except aiohttp.WSServerHandshakeError as error:
            got: Mapping[str, str] = error.headers or {}
            raise UpgradeRefused(error.status, got.get("Retry-After"), _server(got)) from None
        except _FAULTS as error:
            raise _of_proxy(error, proxy) from None
        try:
            yield AiohttpSocket(websocket)
        finally:
            # aiohttp waits anew after each message of the peer; when it is cancelled it drops the connection.
            with suppress(TimeoutError, *_FAULTS):
                async with asyncio.timeout(_CLOSE_S + 0.5):
                    await websocket.close()

    async def close(self) -> None:
        """Close the pool; aiohttp's transports need one turn of the loop to close."""
        if self._session is not None:
            await self._session.close()
            self._session = None
            await asyncio.sleep(0)


async def _next_piece(response: aiohttp.ClientResponse) -> bytes:
    """Return the next bytes of a body, b"" at its end.

    Raises:
        TimeoutError: it stands still.
    """
    async with asyncio.timeout(_BODY_SILENCE_S):
        return await response.content.readany()


def _server(headers: Mapping[str, str]) -> str:
    return plain(headers.get("Server", ""), _LONGEST_SERVER)


def _of_proxy(error: Exception, proxy: Proxy | None) -> OSError:
    """Return the error without its URL; one of the way to the proxy names the proxy."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ConnectionError(f"the proxy {proxy} answers with status {error.status}".replace("://", " "))
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return ConnectionError(f"the proxy {proxy} is not reached".replace("://", " "))
    return without_url(error)


def _too_large(body: bytes) -> NoReturn:
    raise BrokenReply(f"the reply is larger than {BODY_LIMIT_BYTES} bytes", body)


def _unpacked(body: bytes, coding: str) -> bytes:
    """Return ``body`` without the gzip or zlib coding that was not asked for; as it is when it has none."""
    if not any(word in coding.lower() for word in ("gzip", "deflate")):
        return body
    for wbits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        unpacker = zlib.decompressobj(wbits)
        try:
            unpacked = unpacker.decompress(body, BODY_LIMIT_BYTES + 1)
        except zlib.error:
            continue
        if len(unpacked) > BODY_LIMIT_BYTES:
            _too_large(unpacked)
        return unpacked
    return body
