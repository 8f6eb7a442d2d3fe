"""Delivery of a reply over a real connection: late, in pieces, never, or cut off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aiohttp import web

from ravatard.sim.exchange import DeliveryOutcome, Reply
from ravatard.sim.faults.frames import pieces_of

#: Interval at which a reply that never comes checks that its client is still connected.
_LOOK_S = 0.1
#: Time between two pieces of one reply or message: each is a packet of its own.
PIECE_S = 0.005


async def delivered(reply: Reply, request: web.BaseRequest) -> web.StreamResponse:
    """Send ``reply`` according to its delivery."""
    delivery = reply.delivery
    await asyncio.sleep(delivery.after_s)
    # aiohttp does not notify a handler when its client disconnects.
    while delivery.outcome is DeliveryOutcome.NEVER and request.transport is not None:  # noqa: ASYNC110 - no event to wait for
        await asyncio.sleep(_LOOK_S)
    if delivery.outcome is DeliveryOutcome.UNTRUSTED:
        # A client that got here trusts our certificate, or uses no TLS: the connection is broken instead.
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
    """Break the connection without a close, like a pulled cable."""
    if request.transport is not None:
        request.transport.abort()
