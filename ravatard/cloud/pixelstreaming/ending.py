"""Reading and end of a WebSocket within limits, whatever its peer does."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiohttp

#: Bytes that one turn of the event loop reads; asyncio's 256 kB may hold 130,000 empty frames.
_READ_BYTES = 16 * 1024
#: With more unread messages, closing does not wait for the peer's close frame behind them.
_UNREAD = 100


def read_in_small_pieces(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Bound the bytes that are read from ``socket`` at a time, where the transport has such a bound."""
    transport = _transport(socket)
    if transport is not None and hasattr(transport, "max_size"):
        transport.max_size = _READ_BYTES


def drop_socket(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Drop the connection of ``socket`` at once."""
    transport = _transport(socket)
    if transport is not None:
        transport.abort()


async def end_socket(socket: aiohttp.ClientWebSocketResponse, within_s: float) -> None:
    """Close ``socket``, and drop its connection when that takes longer than ``within_s``.

    aiohttp waits anew for the close frame after each message of the peer, reads all that wait in one turn of
    the loop, and leaves a connection open whose peer takes nothing any more.
    """
    transport = _transport(socket)
    if transport is not None and _unread(socket) > _UNREAD:
        transport.abort()
    try:
        with suppress(TimeoutError, aiohttp.ClientError, OSError, RuntimeError, ValueError):
            async with asyncio.timeout(within_s):
                await socket.close()
    finally:
        if transport is not None:
            transport.abort()


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
