"""Server of the simulated AvaTar API: calls on one port, sockets on another, by aiohttp."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from importlib import import_module
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec
from aiohttp import WSCloseCode, web

from ravatard.errors import RavatardError
from ravatard.sim.avatar.options import AvatarSimOptions
from ravatard.sim.avatar.record import AvatarRecord, AvatarSessionRecord
from ravatard.sim.avatar.replies import CallRefused, json_answer, refusal, with_cors
from ravatard.sim.avatar.rest import LONGEST_BODY_BYTES, MediaReply
from ravatard.sim.avatar.service import SOCKET_PREFIX, AvatarSimService
from ravatard.sim.delivery import abort, delivered
from ravatard.sim.exchange import Reply, Request, Service
from ravatard.sim.front import read_body, serve_socket, why_not
from ravatard.sim.options import FrontOptions

if TYPE_CHECKING:  # aiortc is loaded when the first offer comes, and only then.
    from ravatard.sim.avatar.media import AvatarPeer

_LOOPBACK = ("127.0.0.1", "::1")
_Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
#: A request line holds a session id of a megabyte, percent-encoded.
_LINE_BYTES = 4 * 1024 * 1024


class AvatarSimServer:
    """Simulated AvaTar API on two ports, from ``async with`` to its end.

    Attributes:
        core: the service without faults: sessions, options, record.
        service: answers requests: the core, or a layer of faults around it.
        host: address of the listeners.
        port: port of the calls; after the start never 0.
        socket_port: port of the sockets; after the start never 0.
        peers: WebRTC connections answered, by session id; the last of each session.
    """

    def __init__(
        self,
        options: AvatarSimOptions | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        socket_port: int = 0,
        front: FrontOptions | None = None,
    ) -> None:
        """Prepare a service; nothing listens yet.

        Args:
            options: behaviour.
            host: address to listen on.
            port: port of the calls; 0 takes a free one.
            socket_port: port of the sockets; 0 takes a free one.
            front: deadlines of clients.
        """
        self.host = host
        self.port = port
        self.socket_port = socket_port
        self.core = AvatarSimService(
            options,
            key=secrets.token_bytes(32),
            epoch_s=time.time() - time.monotonic(),
            media=find_spec("aiortc") is not None,
        )
        self.service: Service = self.core
        self.peers: dict[str, AvatarPeer] = {}
        self._front = front or FrontOptions()
        # A loopback address is not reachable from outside: the media stay inside, too.
        self._addresses = (host,) if host in _LOOPBACK else ()
        self._sockets: dict[web.WebSocketResponse, web.BaseRequest] = {}
        self._wake = asyncio.Event()
        self._stack: AsyncExitStack | None = None

    @property
    def api_url(self) -> str:
        """URL of the API, as in the document: with /v1."""
        return f"http://{self._authority(self.port)}/v1"

    @property
    def socket_url(self) -> str:
        """URL of the sockets, to which a slash and the session id are added."""
        return f"ws://{self._authority(self.socket_port)}/ws"

    @property
    def record(self) -> AvatarRecord:
        """Record of the service."""
        return self.core.record

    @property
    def open_sessions(self) -> list[AvatarSessionRecord]:
        """Sessions that are open, oldest first."""
        return self.core.record.open_sessions

    async def __aenter__(self) -> AvatarSimServer:
        """Listen.

        Raises:
            RavatardError: a port is taken, or the address is not one of this machine.
        """
        async with AsyncExitStack() as stack:
            self.port = await self._listen(stack, self._call, self.port, "--port")
            self.socket_port = await self._listen(stack, self._socket, self.socket_port, "--socket-port")
            self._group = await stack.enter_async_context(asyncio.TaskGroup())
            ticking = self._group.create_task(self._tick(), name="avatar-clock")
            stack.callback(ticking.cancel)
            stack.push_async_callback(self._close_all)
            self.core.wake = self._wake.set
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every socket and connection, and stop listening.

        An exception from outside is not passed to the group, which would wrap it.
        """
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()

    # ------------------------------------------------------------------ faults by hand

    def drop_sockets(self) -> None:
        """Break every open socket without a close frame, like a pulled cable."""
        for request in self._sockets.values():
            abort(request)

    def vanish(self, tell: str = "Session expired") -> None:
        """End every session by the service; "" as ``tell``: without an error event."""
        self.core.expire_sessions(_now(), tell)

    async def close_media(self, session_id: str) -> None:
        """Close the WebRTC connection of a session, which goes on."""
        if (peer := self.peers.pop(session_id, None)) is not None:
            await peer.close()

    # ------------------------------------------------------------------ inside

    def _authority(self, port: int) -> str:
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    async def _listen(self, stack: AsyncExitStack, answer: _Handler, port: int, option: str) -> int:
        # No access log: it would contain session ids. No lingering: bodies are read to their end.
        server = web.Server(
            answer,
            access_log=None,
            lingering_time=0.0,
            max_line_size=_LINE_BYTES,
            max_field_size=_LINE_BYTES,
        )
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=self._front.close_s)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, self.host, port).start()
        except OSError as error:
            raise RavatardError(why_not(error, self.host, port, option)) from error
        return int(runner.addresses[0][1])

    async def _tick(self) -> None:
        """Let time pass in sessions without a socket."""
        while True:
            self._wake.clear()
            self.core.tick(_now())
            await self._close_media_of_ended()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self.core.next_due()):
                    await self._wake.wait()

    async def _close_media_of_ended(self) -> None:
        for session_id in self.peers.keys() - self.core.sessions.open.keys():
            await self.close_media(session_id)

    async def _close_all(self) -> None:
        for socket in list(self._sockets):
            with suppress(ConnectionError):
                await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the simulator stops")
        for session_id in list(self.peers):
            await self.close_media(session_id)

    async def _call(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await read_body(request, self._front.body_s, LONGEST_BODY_BYTES)
        except TimeoutError:
            return web.Response(status=408)
        received = Request.of(request.method, request.raw_path, dict(request.headers), body)
        reply = self.service.handle(received, _now())
        if isinstance(reply, MediaReply):
            reply = await self._with_answer(reply)
        return await delivered(reply, request)

    async def _with_answer(self, reply: MediaReply) -> Reply:
        """Put the answer to its offer into a reply that no fault has changed."""
        access, media = self.core.shared.options.access, self.core.shared.options.media
        session = reply.session
        if session is None or reply.body != reply.placeholder:
            return with_cors(reply)
        # Loading takes half a second and must not stop other sessions.
        await asyncio.to_thread(import_module, "ravatard.sim.avatar.media")
        from ravatard.sim.avatar.media import AvatarPeer, OfferRefused

        peer = AvatarPeer(session, self._addresses, self._group)
        await self.close_media(session.record.session_id)
        direction = media.answer if media.answer in {"sendonly", "inactive"} else "sendrecv"
        try:
            sdp = await peer.answer(reply.offer, direction)
        except OfferRefused as refused:
            self.record.violated(_now(), "INVALID_SDP", str(refused))
            return with_cors(refusal(CallRefused(400, "INVALID_SDP", str(refused)), access))
        session.record.starts += 1
        self.peers[session.record.session_id] = peer
        answer = sdp if media.bare_sdp else {"type": "answer", "sdp": sdp}
        made = json_answer({"status": "started", "sdp": answer}, access)
        return with_cors(Reply(reply.status, reply.headers, made.body, reply.delivery))

    async def _socket(self, request: web.BaseRequest) -> web.StreamResponse:
        if not (request.path.startswith(SOCKET_PREFIX) and web.WebSocketResponse().can_prepare(request)):
            body = msgspec.json.encode({"detail": "Not Found"})
            return web.Response(status=404, body=body, content_type="application/json")
        received = Request.of(request.method, request.raw_path, dict(request.headers))
        try:
            return await serve_socket(request, received, self.service, self._front, self._sockets)
        finally:
            self._wake.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
