"""End of a WebSocket within a limit, whatever its peer does."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiohttp


async def end_socket(socket: aiohttp.ClientWebSocketResponse, within_s: float) -> None:
    """Close ``socket``, and drop its connection when that takes longer than ``within_s``.

    aiohttp waits anew for the close frame after each message of the peer, and leaves a connection open whose
    peer takes nothing any more.
    """
    transport = _transport(socket)
    try:
        with suppress(TimeoutError, aiohttp.ClientError, OSError, RuntimeError, ValueError):
            async with asyncio.timeout(within_s):
                await socket.close()
    finally:
        if transport is not None:
            transport.abort()


def _transport(socket: aiohttp.ClientWebSocketResponse) -> asyncio.WriteTransport | None:
    """Return the transport below ``socket``; None when it is closed already."""
    # The response that the socket was made from; aiohttp has no public name for it.
    response = getattr(socket, "_response", None)
    connection = response.connection if isinstance(response, aiohttp.ClientResponse) else None
    transport = connection.transport if connection is not None else None
    return transport if isinstance(transport, asyncio.WriteTransport) else None
