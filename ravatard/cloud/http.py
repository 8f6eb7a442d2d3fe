"""Network by aiohttp. Its exceptions, and the URLs in them, stay in this module."""

from __future__ import annotations

import asyncio
import errno
import http.cookies
import logging
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp

from ravatard.cloud.border import FOREIGN_FAULTS, plain
from ravatard.cloud.bounded_socket import BoundedReader, Flooded, end_socket, unredirected
from ravatard.cloud.certificate import CaptivePortal, without_url
from ravatard.cloud.foreign_json import text_of
from ravatard.cloud.network.diagnosis import Diagnosis, connecting
from ravatard.cloud.network.missed_deadline import noting_proxy
from ravatard.cloud.network.trust import Issuers, context_for
from ravatard.cloud.proxy import (
    ASKS_FOR_PASSWORD,
    Proxies,
    Proxy,
    failure_by,
    named,
    of_environment,
    socket_by,
    status_of,
)
from ravatard.cloud.reply_stream import BODY_LIMIT_BYTES, AiohttpStream, too_large, unpacked
from ravatard.cloud.web_address import as_it_came
from ravatard.ports.network import (
    BrokenReply,
    HttpReply,
    ReplyStream,
    Socket,
    SocketClosed,
    UpgradeRefused,
)

log = logging.getLogger(__name__)

#: Largest message of a socket: the documented ones are texts. Beyond it the peer is broken and the socket is
#: closed (1009).
MESSAGE_LIMIT_BYTES = 2 * 1024 * 1024
#: The same in chat mode, where a spoken answer may come inline: two minutes of 24 kHz sound as base64.
SOUND_LIMIT_BYTES = 8 * 1024 * 1024
#: Larger texts with bytes that are no UTF-8 take long to decode.
_READ_HERE = 64 * 1024
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
        self._reader = BoundedReader(websocket)

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
            message = await self._reader.receive()
        except Flooded:
            raise SocketClosed(None, "dropped: messages without content come without end") from None
        except _FAULTS:
            raise SocketClosed(self._websocket.close_code) from None
        if message.type is aiohttp.WSMsgType.TEXT:
            return _text(message.data)
        if message.type is aiohttp.WSMsgType.BINARY:
            data: bytes = message.data
            return data
        if isinstance(message.data, aiohttp.WebSocketError):
            raise SocketClosed(int(message.data.code), by_us=True)
        raise SocketClosed(self._websocket.close_code, plain(str(message.extra or ""), 125))


class AiohttpNetwork:
    """One connection pool for a whole run; implements :class:`ravatard.ports.network.Network`."""

    def __init__(
        self,
        *,
        ping_s: float,
        tls: ssl.SSLContext | Issuers | None = None,
        proxies: Proxies | None = None,
        message_limit: int = MESSAGE_LIMIT_BYTES,
        plain_port: int = 80,
    ) -> None:
        """Connect nothing yet.

        Args:
            ping_s: seconds between pings on a socket; half of it without an answer breaks it.
            tls: issuers to trust beside those of this machine, or a context with all of them.
            proxies: choice of a proxy; None: those of the environment.
            message_limit: bytes of the largest message of a socket.
            plain_port: the port on which a captive portal answers in every server's place.
        """
        self._ping_s = ping_s
        self._tls = tls
        self._proxies = of_environment() if proxies is None else proxies
        self._message_limit = message_limit
        self._session: aiohttp.ClientSession | None = None
        self._reported: set[str] = set()
        self._diagnosis = Diagnosis(self._pool, tls, plain_port)

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            # No overall time-out: the caller's deadlines rule. No cookies. Proxies are chosen here, and no
            # passwords are taken from the environment's files.
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                trace_configs=[unredirected(), connecting()],
            )
        return self._session

    def _proxy(self, url: str) -> Proxy | None:
        """Return the proxy for a request.

        Raises:
            ProxyUnusable: the one that is set cannot be used.
        """
        found = self._proxies.of(url)
        if found is not None and str(found) not in self._reported:
            self._reported.add(str(found))
            log.info("requests to the service go through the proxy %s", found)
        return found

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
            async with self._response(method, url, headers, body, proxy) as response:
                while piece := await _next_piece(response):
                    content += piece
                    if len(content) > BODY_LIMIT_BYTES:
                        too_large(bytes(content))
                coding = response.headers.get("Content-Encoding", "")
                whole = unpacked(bytes(content), coding)
                self._diagnosis.check(url, proxy, response.status, response.headers, whole)
                return HttpReply(
                    response.status,
                    whole,
                    response.headers.get("Retry-After"),
                    _server(response.headers, _seen(proxy, url, "http:")),
                )
        except (BrokenReply, CaptivePortal):
            raise
        except (aiohttp.ClientError, OSError, *_FAULTS) as error:
            if content:
                raise BrokenReply(f"the reply broke off ({type(error).__name__})", bytes(content)) from None
            raise await self._diagnosis.of(url, proxy, failure_by(str(proxy or ""), error)) from None

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[ReplyStream]:
        """See :meth:`ravatard.ports.network.Network.stream`. Leaving drops an unread rest."""
        proxy: Proxy | None = None
        async with AsyncExitStack() as stack:
            try:
                proxy = self._proxy(url)
                opening = self._response(method, url, headers, body, proxy)
                response = await stack.enter_async_context(opening)
                self._diagnosis.check(url, proxy, response.status, response.headers)
            except CaptivePortal:
                raise
            except (aiohttp.ClientError, OSError, *_FAULTS) as error:
                raise await self._diagnosis.of(url, proxy, failure_by(str(proxy or ""), error)) from None
            yield AiohttpStream(response, _server(response.headers, _seen(proxy, url, "http:")))

    @asynccontextmanager
    async def _response(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, proxy: Proxy | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        await self._diagnosis.before(url, proxy)
        attempt = SimpleNamespace(connected=False)
        async with AsyncExitStack() as stack:
            request = self._pool().request(
                method,
                as_it_came(url),
                headers={"Accept-Encoding": "identity", **headers},
                data=body,
                allow_redirects=False,
                ssl=context_for(self._tls, url, str(proxy.url) if proxy else ""),
                proxy=proxy.url if proxy else None,
                trace_request_ctx=attempt,
            )
            # The answer's body is waited for inside, too.
            stack.enter_context(noting_proxy(str(proxy or ""), lambda: attempt.connected))
            try:
                response = await stack.enter_async_context(request)
            except asyncio.CancelledError:
                self._diagnosis.left(url, proxy, attempt)
                raise
            if response.status == ASKS_FOR_PASSWORD and proxy:
                said = status_of(str(proxy), response.status, response.headers)
                raise ConnectionError(errno.EACCES, said)
            yield response

    @asynccontextmanager
    async def socket(self, url: str, *, headers: Mapping[str, str]) -> AsyncIterator[Socket]:
        """Open a WebSocket; leaving closes it, waiting for the peer's close frame two seconds at most.

        Raises:
            UpgradeRefused: the server answered with an HTTP status, also one of a redirect.
            OSError: there is no connection.
        """
        proxy: Proxy | None = None
        try:
            proxy = self._proxy(url)
            # aiohttp does not tell how far the opening of a socket has come.
            with noting_proxy(str(proxy or ""), lambda: True):
                websocket = await self._pool().ws_connect(
                    socket_by(str(proxy or ""), as_it_came(url)),
                    headers=headers,
                    heartbeat=self._ping_s,
                    max_msg_size=self._message_limit,
                    ssl=context_for(self._tls, url, str(proxy.url) if proxy else ""),
                    proxy=proxy.url if proxy else None,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                    autoping=False,
                    **_RAW_TEXT,
                )
        except aiohttp.WSServerHandshakeError as error:
            if error.status == ASKS_FOR_PASSWORD and proxy:
                said = status_of(str(proxy), error.status, error.headers)
                raise ConnectionError(errno.EACCES, said) from None
            got: Mapping[str, str] = error.headers or {}
            self._diagnosis.check(url, proxy, error.status, got)
            raise UpgradeRefused(
                error.status, got.get("Retry-After"), _server(got, _seen(proxy, url, "ws:"))
            ) from None
        except _FAULTS as error:
            raise await self._diagnosis.of(url, proxy, failure_by(str(proxy or ""), error)) from None
        try:
            yield AiohttpSocket(websocket)
        finally:
            await end_socket(websocket, _CLOSE_S + 0.5)

    async def close(self) -> None:
        """Close the pool; aiohttp's transports need one turn of the loop to close."""
        if self._session is not None:
            await self._session.close()
            self._session = None
            await asyncio.sleep(0)


def _seen(proxy: Proxy | None, url: str, scheme: str) -> Proxy | None:
    """Return the proxy if it may have answered in the server's place."""
    return proxy if url.startswith(scheme) else None


def _text(data: str | bytes) -> str | bytes:
    """Return the text of a message; a large one with odd bytes is left to the reader of the message."""
    if isinstance(data, str) or len(data) <= _READ_HERE:
        return text_of(data)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


async def _next_piece(response: aiohttp.ClientResponse) -> bytes:
    """Return the next bytes of a body, b"" at its end.

    Raises:
        TimeoutError: it stands still.
    """
    async with asyncio.timeout(_BODY_SILENCE_S):
        return await response.content.readany()


def _server(headers: Mapping[str, str], proxy: Proxy | None) -> str:
    """Return the server that answered, for people; ``proxy``: one that may have answered in its place."""
    server = plain(headers.get("Server", ""), _LONGEST_SERVER)
    return f"{server or 'a server'} behind {named(str(proxy))}" if proxy else server
