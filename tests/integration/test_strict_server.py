"""A handler that fails, and bytes that are no request, get a reply of ours."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from ravatard.web.strict_server import StrictServer

pytestmark = pytest.mark.integration


async def _failing(request: web.BaseRequest) -> web.StreamResponse:
    raise ValueError(f"a bug of ours with {request.path}")


async def _reply(sent: bytes) -> bytes:
    server = StrictServer(
        _failing, lambda status: web.Response(status=status, text="ours\n", headers={"X-Ours": "yes"})
    )
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        writer.write(sent)
        async with asyncio.timeout(20):
            reply = await reader.read()
        writer.close()
        return reply
    finally:
        listening.close()
        await server.shutdown(0.2)


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"GET /secret HTTP/1.1\r\nHost: x\r\n\r\n", b"500"), (b"secret nonsense\r\n\r\n", b"400")],
)
async def test_the_reply_is_ours_and_the_connection_ends(sent: bytes, status: bytes) -> None:
    reply = await _reply(sent)

    assert reply.startswith(b"HTTP/1.1 " + status) or reply.startswith(b"HTTP/1.0 " + status)
    assert b"X-Ours: yes" in reply
    assert reply.endswith(b"ours\n")
    assert b"secret" not in reply
