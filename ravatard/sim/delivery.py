"""How a reply travels over a real connection: late, in pieces, never, or not to its end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aiohttp import web

from ravatard.sim.exchange import DeliveryOutcome, Reply
from ravatard.sim.faults.frames import pieces_of

#: How often an answer that never comes looks whether anybody still waits for it.
_LOOK_S = 0.1
#: Between two pieces of one reply or message: each is a packet of its own.
PIECE_S = 0.005


async def delivered(reply: Reply, request: web.BaseRequest) -> web.StreamResponse:
    """Send ``reply`` as its delivery says."""
    delivery = reply.delivery
    await asyncio.sleep(delivery.after_s)
    # aiohttp tells a handler nothing of a client that left.
    while delivery.outcome is DeliveryOutcome.NEVER and request.transport is not None:  # noqa: ASYNC110 - no event to wait for
        await asyncio.sleep(_LOOK_S)
    if delivery.outcome is DeliveryOutcome.UNTRUSTED:
        # Whoever got here trusts our certificate, or was never shown one: it is broken off in its place.
        delivery = replace(delivery, outcome=DeliveryOutcome.REFUSED)
    if delivery.outcome is not DeliveryOutcome.ARRIVES:
        abort(request)
        return web.Response()
    if delivery.pieces == 1:
        return web.Response(status=reply.status, headers=dict(reply.headers), body=reply.body)
    response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
    await response.prepare(request)
    for piece in pieces_of(reply.body, delivery.pieces):
        await response.write(piece)
        await asyncio.sleep(PIECE_S)
    return response


def abort(request: web.BaseRequest) -> None:
    """Break the connection as a pulled cable does."""
    if request.transport is not None:
        request.transport.abort()
