"""Opening, reading and end of a WebSocket within limits, whatever its peer does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import aiohttp

#: Bytes that one turn of the event loop reads; asyncio's 256 kB may hold 130,000 empty frames.
_READ_BYTES = 16 * 1024
#: With more unread messages, closing does not wait for the peer's close frame behind them.
_UNREAD = 100
#: Counted messages at once, and a second in the long run. Signalling takes some fifty messages, then one a
#: minute; pings come a few times a minute.
AT_ONCE = 1_000
_PER_S = 20.0
#: Messages read in one turn of the event loop.
_TURN = 32
#: Limit for answering a ping.
_PONG_S = 5.0
_CONTROL = frozenset({aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG})
_DATA = frozenset({aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY})


def unredirected() -> aiohttp.TraceConfig:
    """Return a setting for a session, by which its sockets open at their own address or not at all.

    aiohttp has no argument for it, and would follow a redirect of an upgrade to any origin, with the voice
    that is sent on the socket. The redirect is raised as a refusal of the upgrade.
    """
    setting = aiohttp.TraceConfig()
    setting.on_request_redirect.append(_refuse)
    return setting


async def _refuse(
    _session: aiohttp.ClientSession, _context: object, redirect: aiohttp.TraceRequestRedirectParams
) -> None:
    response = redirect.response
    response.close()
    raise aiohttp.WSServerHandshakeError(
        response.request_info,
        response.history,
        message="a redirect",
        status=response.status,
        headers=response.headers,
    )


class Flooded(Exception):
    """The peer sends messages without end; its connection was dropped."""


def is_empty(message: aiohttp.WSMessage) -> bool:
    """Return True for a message that carries nothing: a ping, a pong, or one without content."""
    return message.type in _CONTROL or (message.type in _DATA and not message.data)


class BoundedReader:
    """Reader of one socket, opened without ``autoping``: a flood neither holds the loop nor fills the memory.

    aiohttp would answer all pings of one reading in one turn of the loop.
    """

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        counted: Callable[[aiohttp.WSMessage], bool] = is_empty,
    ) -> None:
        """Begin to read. Needs a running event loop.

        Args:
            socket: the socket; its pings are answered here.
            counted: returns True for messages of which there is a limited number. Others wait in the socket
                until they are taken, and the peer with them.
        """
        self._socket = socket
        self._counted = counted
        self._allowance = MessageAllowance()
        _read_in_small_pieces(socket)

    async def receive(self) -> aiohttp.WSMessage:
        """Return the next message that is neither ping nor pong. Cancelling loses none.

        Raises:
            Flooded: there were too many messages.
            Exception: whatever aiohttp raises.
        """
        while True:
            await self._allowance.pause()
            message = await self._socket.receive()
            if self._counted(message) and not self._allowance.take():
                drop_socket(self._socket)
                raise Flooded
            if message.type is aiohttp.WSMsgType.PING:
                await self._pong(message.data)
            elif message.type is not aiohttp.WSMsgType.PONG:
                return message

    async def _pong(self, data: bytes) -> None:
        # A peer that takes no pong is found by the next message, or by our own pings.
        with suppress(TimeoutError, aiohttp.ClientError, ConnectionError, RuntimeError):
            async with asyncio.timeout(_PONG_S):
                await self._socket.pong(data)


class MessageAllowance:
    """Token bucket of one socket."""

    def __init__(self) -> None:
        """Begin with a full bucket. Needs a running event loop."""
        self._time = asyncio.get_running_loop().time
        self._left = float(AT_ONCE)
        self._at = self._time()
        self._read = 0

    async def pause(self) -> None:
        """Let others run now and then; call it before each message."""
        self._read += 1
        if self._read % _TURN == 0:
            await asyncio.sleep(0)

    def take(self) -> bool:
        """Count a message; return False when there were too many."""
        now = self._time()
        self._left = min(AT_ONCE, self._left + (now - self._at) * _PER_S) - 1.0
        self._at = now
        return self._left >= 0.0


def drop_socket(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Drop the connection of ``socket`` at once."""
    transport = _transport(socket)
    if transport is not None:
        _abort(transport)


async def end_socket(socket: aiohttp.ClientWebSocketResponse, within_s: float) -> None:
    """Close ``socket``, and drop its connection when that takes longer than ``within_s``.

    aiohttp waits anew for the close frame after each message of the peer, reads all that wait in one turn of
    the loop, and leaves a connection open whose peer takes nothing any more.
    """
    transport = _transport(socket)
    if transport is not None and _unread(socket) > _UNREAD:
        _abort(transport)
    try:
        with suppress(TimeoutError, aiohttp.ClientError, OSError, RuntimeError, ValueError):
            async with asyncio.timeout(within_s):
                await socket.close()
    finally:
        if transport is not None:
            _abort(transport)


def _abort(transport: asyncio.WriteTransport) -> None:
    # Python 3.11.2, Debian 12's: a TLS transport that is closed already has no protocol to abort.
    with suppress(AttributeError):
        transport.abort()


def _read_in_small_pieces(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Bound the bytes that are read from ``socket`` at a time, where the transport has such a bound."""
    transport = _transport(socket)
    if transport is not None and hasattr(transport, "max_size"):
        transport.max_size = _READ_BYTES
    # With TLS the bound is the buffer of asyncio's protocol, which has no public name.
    protocol = getattr(transport, "_ssl_protocol", None)
    view = getattr(protocol, "_ssl_buffer_view", None)
    if protocol is not None and isinstance(view, memoryview):
        protocol._ssl_buffer_view = view[:_READ_BYTES]  # noqa: SLF001


def _unread(socket: aiohttp.ClientWebSocketResponse) -> int:
    """Return the messages that aiohttp has read and are not taken yet."""
    return len(getattr(getattr(socket, "_reader", None), "_buffer", ()))


def _transport(socket: aiohttp.ClientWebSocketResponse) -> asyncio.WriteTransport | None:
    """Return the transport below ``socket``; None when it is closed already."""
    # The response that the socket was made from; aiohttp has no public name for it.
    response = getattr(socket, "_response", None)
    connection = response.connection if isinstance(response, aiohttp.ClientResponse) else None
    transport = connection.transport if connection is not None else None
    return transport if isinstance(transport, asyncio.WriteTransport) else None
