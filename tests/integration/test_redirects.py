"""A redirect of a socket's upgrade: the voice goes to the address that was asked for, or nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from ravatard.avatar_sdk.network_io import NetworkPool
from ravatard.avatar_sdk.network_port import SocketRefused
from ravatard.cloud.http import AiohttpNetwork
from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.pixelstreaming.address import StreamAddress
from ravatard.cloud.pixelstreaming.page import browser
from ravatard.cloud.proxy import Proxies
from ravatard.errors import LinkError
from ravatard.ports.network import UpgradeRefused
from ravatard.secret import Secret

pytestmark = pytest.mark.integration

STATUSES = (301, 302, 303, 307, 308)
PATH = "/ws/secret-session"


@dataclass
class Server:
    """Server that answers each upgrade at PATH with a redirect, and takes every other.

    Attributes:
        status: status of the redirect.
        location: its ``Location``; "" without.
        base: scheme, host and port of the server.
        asked: paths that it was asked for.
    """

    status: int = 302
    location: str = ""
    base: str = ""
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path == PATH:
            return web.Response(
                status=self.status, headers={"Location": self.location} if self.location else {}
            )
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Server]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.base = f"127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


async def open_by_the_daemon(base: str) -> None:
    net = AiohttpNetwork(ping_s=5.0)
    try:
        async with net.socket(f"ws://{base}{PATH}", headers={"Authorization": "Bearer key"}):
            pass
    finally:
        await net.close()


async def open_by_the_sdk(base: str) -> None:
    pool = NetworkPool()
    try:
        await (await pool.socket(f"ws://{base}{PATH}", {"Authorization": "Bearer key"}, 5.0)).close()
    finally:
        await pool.close()


async def open_by_the_live_voice(base: str) -> None:
    routes = Routes(AddressRule(MediaOptions(), f"http://{base}"), Proxies("none", {}))
    async with browser(routes, None) as opened:
        address = StreamAddress(f"ws://{base}{PATH}", f"http://{base}")
        socket = await opened.connect(address, Secret(f"http://{base}/"), Secret("token"))
        await socket.close()


OPENERS = {
    "daemon": (open_by_the_daemon, UpgradeRefused),
    "sdk": (open_by_the_sdk, SocketRefused),
    "live voice": (open_by_the_live_voice, LinkError),
}


@pytest.mark.parametrize("opener", list(OPENERS))
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("where", ["other origin", "same origin", "path", "nowhere"])
async def test_a_socket_is_opened_at_its_own_address_or_not_at_all(
    opener: str, status: int, where: str
) -> None:
    attempt, refusal = OPENERS[opener]
    async with asyncio.timeout(20.0), Server().serving() as other, Server(status).serving() as asked:
        asked.location = {
            "other origin": f"http://{other.base}/ws/there",
            "same origin": f"http://{asked.base}/login",
            "path": "/login",
            "nowhere": "",
        }[where]
        with pytest.raises(refusal, match=str(status)):
            await attempt(asked.base)

    assert other.asked == []
    assert asked.asked == [PATH]
