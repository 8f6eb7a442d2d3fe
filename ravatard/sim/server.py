"""Server of the simulated cloud: HTTP and WebSocket on real sockets, by aiohttp."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from contextlib import suppress
from types import TracebackType

from aiohttp import WSCloseCode, web

from ravatard.errors import RavatardError
from ravatard.sim.delivery import abort, delivered
from ravatard.sim.exchange import SOCKET_PATH, Request, Service
from ravatard.sim.front import read_body, serve_socket, why_not
from ravatard.sim.options import FrontOptions, SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.ravatar.record import Record
from ravatard.sim.streaming.options import SimStreamOptions, StreamFaults
from ravatard.sim.streaming.streams import Streams

_LOOPBACK = ("127.0.0.1", "::1")


class SimServer:
    """Simulated service on a port, from ``async with`` to its end.

    Attributes:
        cloud: the service; its licences, options and record.
        service: answers requests: the cloud, or a layer of faults around it.
        streaming: the avatars' picture and voice; its socket is at "/" of the same origin.
        host: address of the listener.
        port: port of the listener; after the start never 0.
    """

    def __init__(  # noqa: PLR0913 - independent option groups, all optional
        self,
        options: SimOptions | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        cloud: SimCloud | None = None,
        front: FrontOptions | None = None,
        tls: ssl.SSLContext | None = None,
        stream: SimStreamOptions | None = None,
        stream_faults: StreamFaults | None = None,
    ) -> None:
        """Prepare a service; nothing listens yet.

        Args:
            options: behaviour; not used when a cloud is given.
            host: address to listen on.
            port: port to listen on; 0 takes a free one.
            cloud: the service; None makes one with a new key, so that a restarted one refuses old tokens.
            front: deadlines of clients.
            tls: TLS context with the certificate; None: no TLS.
            stream: options of the avatar's picture and voice.
            stream_faults: faults of the stream from the start.
        """
        self.host = host
        self.port = port
        self.cloud = cloud or SimCloud(
            options, key=secrets.token_bytes(32), epoch_s=time.time() - time.monotonic()
        )
        self.service: Service = self.cloud
        self._front = front or FrontOptions()
        self._tls = tls
        self.cloud.shared.scheme = "https" if tls else "http"
        # A loopback address is not reachable from outside: the media stay inside, too.
        inside = (host,) if host in _LOOPBACK else ()
        self.streaming = Streams(self.cloud.shared, stream, faults=stream_faults, addresses=inside)
        self._sockets: dict[web.WebSocketResponse, web.BaseRequest] = {}
        self._runner: web.ServerRunner | None = None

    @property
    def base_url(self) -> str:
        """Base URL, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    @property
    def record(self) -> Record:
        """Record of the service."""
        return self.cloud.record

    async def __aenter__(self) -> SimServer:
        """Listen.

        Raises:
            RavatardError: the port is taken, or the address is not one of this machine.
        """
        # No access log: it would contain the socket's token. No lingering: bodies are read to their end.
        server = web.Server(self._answer, access_log=None, lingering_time=0.0)
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=self._front.close_s)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port, ssl_context=self._tls).start()
        except OSError as error:
            await runner.cleanup()
            raise RavatardError(why_not(error, self.host, self.port)) from error
        await self.streaming.__aenter__()
        self._runner = runner
        self.port = runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every socket and stop listening, within a second."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        try:
            await self.streaming.__aexit__(kind, error, traceback)
            async with asyncio.TaskGroup() as group:
                for number, socket in enumerate(self._sockets):
                    group.create_task(self._close(socket), name=f"close-{number}")
        finally:
            await runner.cleanup()

    def drop_sockets(self) -> None:
        """Break every open socket without a close frame, like a pulled cable."""
        for request in self._sockets.values():
            abort(request)

    async def _close(self, socket: web.WebSocketResponse) -> None:
        with suppress(ConnectionError):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the simulator stops")

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        upgrade = web.WebSocketResponse().can_prepare(request)
        if upgrade and (request.path == "/" or request.path.startswith("/stream/")):
            return await self.streaming.serve(request)
        wants_socket = request.path == SOCKET_PATH and upgrade
        try:
            body = b"" if wants_socket else await read_body(request, self._front.body_s)
        except TimeoutError:
            return web.Response(status=408)
        received = Request.of(request.method, request.raw_path, dict(request.headers), body)
        if wants_socket:
            return await serve_socket(request, received, self.service, self._front, self._sockets)
        return await delivered(self.service.handle(received, _now()), request)


def _now() -> float:
    return asyncio.get_running_loop().time()
