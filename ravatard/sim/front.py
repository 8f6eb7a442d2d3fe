"""Parts of a front on real sockets: bodies, the two halves of a socket, ports that are taken."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import MutableMapping

from aiohttp import WebSocketError, WSMsgType, web

from ravatard.sim.delivery import PIECE_S, abort, delivered
from ravatard.sim.exchange import (
    BODY_LIMIT_BYTES,
    MESSAGE_LIMIT_BYTES,
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
from ravatard.sim.options import FrontOptions


def why_not(error: OSError, host: str, port: int, option: str = "--port") -> str:
    """Return a sentence about an address that cannot be listened on; ``option`` chooses the port."""
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is taken by another program; stop that one, or choose "
            f"another port with {option} (0 takes a free one)"
        )
    reason = error.strerror or str(error)
    return (
        f"cannot listen on {host} port {port}: {reason}; choose an address of this machine "
        f"with --host and a port above 1023 with {option}"
    )


def _now() -> float:
    return asyncio.get_running_loop().time()


async def read_body(request: web.BaseRequest, body_s: float, longest_bytes: int = BODY_LIMIT_BYTES) -> bytes:
    """Return the body, or the first part of one that is longer than ``longest_bytes``.

    The body is always read to its end: a client that is still sending does not see the reply.

    Raises:
        TimeoutError: the body did not arrive in time.
    """
    body = bytearray()
    async with asyncio.timeout(body_s):
        async for piece in request.content.iter_chunked(BODY_LIMIT_BYTES):
            if len(body) <= longest_bytes:
                body += piece
    return bytes(body)


async def serve_socket(
    request: web.BaseRequest,
    received: Request,
    service: Service,
    front: FrontOptions,
    open_sockets: MutableMapping[web.WebSocketResponse, web.BaseRequest],
) -> web.StreamResponse:
    """Serve one socket of ``service`` to its end, or deliver the reply that refuses it.

    ``open_sockets`` has the socket in it while it is open.
    """
    wake = asyncio.Event()
    service_socket = service.connect(received, _now(), wake.set)
    if isinstance(service_socket, Reply):
        return await delivered(service_socket, request)
    socket = web.WebSocketResponse(
        timeout=front.close_s, heartbeat=front.ping_s, max_msg_size=MESSAGE_LIMIT_BYTES
    )
    try:
        await socket.prepare(request)
        open_sockets[socket] = request
        async with asyncio.TaskGroup() as group:
            sender = _SocketSender(socket, request, service_socket, wake)
            sending = group.create_task(sender.run(front.send_s), name="sim-send")
            await _receive_messages(socket, service_socket)
            sending.cancel()
    finally:
        open_sockets.pop(socket, None)
        service_socket.closed(_now())
    return socket


async def _receive_messages(socket: web.WebSocketResponse, service_socket: ServiceSocket) -> None:
    """Hand over messages until the socket is closed."""
    async for message in socket:
        if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            service_socket.received(message.data, _now())
        elif isinstance(message.data, WebSocketError):
            service_socket.unreadable(message.data.code, _now())


class _SocketSender:
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
