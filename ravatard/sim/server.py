"""Server of the simulated cloud: HTTP and WebSocket on real sockets, by aiohttp."""

from __future__ import annotations

import asyncio
import errno
import secrets
import ssl
import time
from contextlib import suppress
from types import TracebackType

from aiohttp import WebSocketError, WSCloseCode, WSMsgType, web

from ravatard.errors import RavatardError
from ravatard.sim.delivery import PIECE_S, abort, delivered
from ravatard.sim.exchange import (
    BODY_LIMIT_BYTES,
    MESSAGE_LIMIT_BYTES,
    SOCKET_PATH,
    Close,
    Drop,
    Fragments,
    HalfOpen,
    Outgoing,
    Reply,
    Request,
    Service,
    ServiceSocket,
)
from ravatard.sim.faults.frames import frames
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
            raise RavatardError(self._why_not(error)) from error
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
            body = b"" if wants_socket else await _body(request, self._front.body_s)
        except TimeoutError:
            return web.Response(status=408)
        received = Request.of(request.method, request.raw_path, dict(request.headers), body)
        if wants_socket:
            return await self._open_socket(request, received)
        return await delivered(self.service.handle(received, _now()), request)

    async def _open_socket(self, request: web.BaseRequest, received: Request) -> web.StreamResponse:
        wake = asyncio.Event()
        service_socket = self.service.connect(received, _now(), wake.set)
        if isinstance(service_socket, Reply):
            return await delivered(service_socket, request)
        socket = web.WebSocketResponse(
            timeout=self._front.close_s, heartbeat=self._front.ping_s, max_msg_size=MESSAGE_LIMIT_BYTES
        )
        try:
            await socket.prepare(request)
            self._sockets[socket] = request
            async with asyncio.TaskGroup() as group:
                sender = _Sender(socket, request, service_socket, wake)
                sending = group.create_task(sender.run(self._front.send_s), name="sim-send")
                await _receive(socket, service_socket)
                sending.cancel()
        finally:
            self._sockets.pop(socket, None)
            service_socket.closed(_now())
        return socket

    def _why_not(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return (
                f"port {self.port} of {self.host} is taken by another program; stop that one, or choose "
                "another port with --port (0 takes a free one)"
            )
        reason = error.strerror or str(error)
        return (
            f"cannot listen on {self.host} port {self.port}: {reason}; choose an address of this machine "
            "with --host and a port above 1023 with --port"
        )


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _body(request: web.BaseRequest, body_s: float) -> bytes:
    """Return the body, or the first part of one that is too long.

    The body is always read to its end: a client that is still sending does not see the reply.

    Raises:
        TimeoutError: the body did not arrive in time.
    """
    body = bytearray()
    async with asyncio.timeout(body_s):
        async for piece in request.content.iter_chunked(BODY_LIMIT_BYTES):
            if len(body) <= BODY_LIMIT_BYTES:
                body += piece
    return bytes(body)


async def _receive(socket: web.WebSocketResponse, service_socket: ServiceSocket) -> None:
    """Hand over messages until the socket is closed."""
    async for message in socket:
        if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            service_socket.received(message.data, _now())
        elif isinstance(message.data, WebSocketError):
            service_socket.unreadable(message.data.code, _now())


class _Sender:
    """Sending half of one socket."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        request: web.BaseRequest,
        service_socket: ServiceSocket,
        wake: asyncio.Event,
    ) -> None:
        self._socket = socket
        self._request = request
        self._service_socket = service_socket
        self._wake = wake

    async def run(self, send_s: float) -> None:
        """Send the items of the service socket when they are due, until the socket is gone."""
        due: float | None = None
        while True:
            self._wake.clear()
            # A timer may fire slightly early: the awaited item is due.
            for item in self._service_socket.due(max(_now(), due or 0.0)):
                try:
                    async with asyncio.timeout(send_s):
                        await self._send(item)
                except (ConnectionError, TimeoutError):
                    # The client is gone or does not read; the receiving side notices by itself.
                    return
            due = self._service_socket.next_due()
            try:
                async with asyncio.timeout_at(due):
                    await self._wake.wait()
                due = None
            except TimeoutError:
                continue

    async def _send(self, item: Outgoing) -> None:
        transport = self._request.transport
        match item:
            case Close(code, reason):
                await self._socket.close(code=code, message=reason.encode())
                raise ConnectionResetError
            case Drop():
                abort(self._request)
                raise ConnectionResetError
            case HalfOpen() if isinstance(transport, asyncio.Transport):
                # Unread pings stay unanswered; our own heartbeat closes the socket in the end.
                transport.pause_reading()
            case Fragments(text, pieces) if isinstance(transport, asyncio.Transport):
                for frame in frames(text, pieces):
                    transport.write(frame)
                    await asyncio.sleep(PIECE_S)
            case str(text):
                await self._socket.send_str(text)
