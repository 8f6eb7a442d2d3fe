"""Delivery of a reply over a real connection: late, in pieces, never, or cut off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aiohttp import web

from ravatard.sim.exchange import DeliveryOutcome, Ending, Reply, StreamedBody
from ravatard.sim.faults.frames import pieces_of

#: Interval at which a reply that never comes checks that its client is still connected.
_LOOK_S = 0.1
#: Time between two pieces of one reply or message: each is a packet of its own.
PIECE_S = 0.005


async def delivered(reply: Reply, request: web.BaseRequest) -> web.StreamResponse:
    """Send ``reply`` according to its delivery."""
    delivery = reply.delivery
    await asyncio.sleep(delivery.after_s)
    if delivery.outcome is DeliveryOutcome.NEVER:
        await _client_leaves(request)
    if delivery.outcome is DeliveryOutcome.UNTRUSTED:
        # A client that got here shook hands earlier, trusts the certificate, or uses no TLS.
        delivery = replace(delivery, outcome=DeliveryOutcome.REFUSED)
    if delivery.outcome is not DeliveryOutcome.ARRIVES:
        abort(request)
        return web.Response()
    if reply.stream is not None:
        return await _streamed(reply, reply.stream, request)
    if delivery.pieces == 1:
        return web.Response(status=reply.status, headers=dict(reply.headers), body=reply.body)
    response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
    await response.prepare(request)
    for piece in pieces_of(reply.body, delivery.pieces):
        await response.write(piece)
        await asyncio.sleep(PIECE_S)
    return response


async def _streamed(reply: Reply, body: StreamedBody, request: web.BaseRequest) -> web.StreamResponse:
    """Write the pieces of a body when they are due."""
    response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
    await response.prepare(request)
    try:
        for wait_s, piece in body.pieces:
            await asyncio.sleep(wait_s)
            await response.write(piece)
    except ConnectionError:
        # The client is gone.
        return response
    if body.ending is Ending.STALLS:
        await _client_leaves(request)
    if body.ending is not Ending.CLOSED:
        abort(request)
    return response


async def _client_leaves(request: web.BaseRequest) -> None:
    """Wait until the client is gone: aiohttp does not notify a handler."""
    while request.transport is not None:  # noqa: ASYNC110 - no event to wait for
        await asyncio.sleep(_LOOK_S)


def abort(request: web.BaseRequest) -> None:
    """Break the connection without a close, like a pulled cable."""
    if request.transport is not None:
        request.transport.abort()
