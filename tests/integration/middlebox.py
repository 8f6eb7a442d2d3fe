"""A box between the appliance and the simulated service: keeps calls waiting, says what no service would.

Everything else passes unchanged, so that the service's own record stays the truth.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web
from yarl import URL

from ravatard.sim.exchange import SOCKET_PATH

_HOP = {"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"}
_LIMIT_BYTES = 64 * 1024 * 1024

Socket = web.WebSocketResponse | ClientWebSocketResponse


@dataclass(frozen=True, slots=True)
class Call:
    """One call that reached the box."""

    at: float
    path: str


class Middlebox:
    """A proxy in front of the service at ``base_url``, from ``async with`` to its end.

    Attributes:
        base_url: where the appliance finds the box.
        calls: what it was asked, oldest first, held calls included.
        tokens: those that opened a socket, each once, oldest first.
        sent: the text frames that appliances sent, oldest first.
    """

    def __init__(self, service_url: str) -> None:
        self._service = URL(service_url)
        self._gates: defaultdict[str, asyncio.Event] = defaultdict(_open_gate)
        self._sockets: set[web.WebSocketResponse] = set()
        self.base_url = ""
        self.calls: list[Call] = []
        self.tokens: list[str] = []
        self.sent: list[str] = []

    async def __aenter__(self) -> Self:
        self._session = ClientSession()
        # Calls that are held for ever must not hold the end of the test.
        self._runner = web.ServerRunner(web.Server(self._pass, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for gate in self._gates.values():
            gate.set()
        await self._session.close()
        await self._runner.cleanup()

    # ------------------------------------------------------------------ what a test does

    def hold(self, path: str) -> None:
        """Keep calls of ``path`` waiting from now on; the service does not see them yet."""
        self._gates[path].clear()

    def let_go(self, path: str) -> None:
        """Pass on the calls of ``path`` that wait."""
        self._gates[path].set()

    def called(self, path: str) -> list[Call]:
        """The calls of ``path``."""
        return [call for call in self.calls if call.path == path]

    async def say(self, message: str) -> None:
        """Send every appliance a text frame, as if the service had."""
        for socket in list(self._sockets):
            # One that hangs up because of it has heard enough.
            with suppress(ConnectionError):
                await socket.send_str(message)

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    # ------------------------------------------------------------------ passing on

    async def _pass(self, request: web.BaseRequest) -> web.StreamResponse:
        self.calls.append(Call(asyncio.get_running_loop().time(), request.path))
        target = self._service.join(URL(request.raw_path, encoded=True))
        if request.path == SOCKET_PATH:
            return await self._pass_socket(request, target)
        body = await request.read()
        await self._gates[request.path].wait()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        async with self._session.request(request.method, target, headers=headers, data=body) as reply:
            passed = {name: value for name, value in reply.headers.items() if name.lower() not in _HOP}
            return web.Response(status=reply.status, headers=passed, body=await reply.read())

    async def _pass_socket(self, request: web.BaseRequest, target: URL) -> web.StreamResponse:
        try:
            service = await self._session.ws_connect(target, max_msg_size=_LIMIT_BYTES)
        except WSServerHandshakeError as refused:
            return web.Response(status=refused.status)
        appliance = web.WebSocketResponse(max_msg_size=_LIMIT_BYTES, timeout=0.2)
        if target.query["token"] not in self.tokens:
            self.tokens.append(target.query["token"])
        async with service:
            await appliance.prepare(request)
            self._sockets.add(appliance)
            try:
                async with asyncio.TaskGroup() as group:
                    backward = group.create_task(_relay(service, appliance), name="to the appliance")
                    await _relay(appliance, service, self.sent)
                    backward.cancel()
            finally:
                self._sockets.discard(appliance)
        return appliance


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


async def _relay(source: Socket, target: Socket, kept: list[str] | None = None) -> None:
    """Hand on what comes until the source is closed, and keep the text of it; then close the target."""
    async for message in source:
        if message.type is WSMsgType.TEXT:
            if kept is not None:
                kept.append(message.data)
            await target.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await target.send_bytes(message.data)
    await target.close(code=source.close_code or 1011)
