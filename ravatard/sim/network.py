"""Network in memory: connects a client to the simulated cloud without sockets, on the loop's time."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from ravatard.ports.network import HttpReply, SocketClosed, UpgradeRefused
from ravatard.sim.exchange import (
    CLOSE_TOO_BIG,
    MESSAGE_LIMIT_BYTES,
    Close,
    DeliveryOutcome,
    Drop,
    Fragments,
    HalfOpen,
    Reply,
    Request,
    Service,
    ServiceSocket,
)

_GOING_AWAY = 1001
#: Longest reply and message that a careful client accepts.
REPLY_LIMIT_BYTES = 4 * 1024 * 1024
RECEIVE_LIMIT_BYTES = 8 * 1024 * 1024


class SimNetwork:
    """Network on which every host is the one service.

    Attributes:
        down: True: requests and new sockets fail with OSError; open sockets stay (see :meth:`drop_sockets`).
        sockets_down: True: new sockets fail with OSError; requests do not.
        latency_s: one-way latency of requests and messages; may change at any time.
        ping_s: time until the client notices that a socket is half-open.
    """

    def __init__(self, service: Service) -> None:
        self.down = False
        self.sockets_down = False
        self.latency_s = 0.0
        self.ping_s = 7.5
        self._service = service
        self._sockets: set[MemorySocket] = set()

    @property
    def open_sockets(self) -> int:
        """Number of sockets that neither side has closed."""
        return len(self._sockets)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpReply:
        """Send a request to the service.

        Raises:
            OSError: the network is down, now or when the reply is on its way; or by a fault.
        """
        request = _request(method, url, headers, body)
        await self._travel()
        reply = self._service.handle(request, asyncio.get_running_loop().time())
        await self._arrival(reply)
        return HttpReply(reply.status, reply.body, reply.headers.get("retry-after"))

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[MemoryReply]:
        """Send a request whose reply is read while it comes; here it comes whole.

        Raises:
            OSError: see :meth:`request`.
        """
        request = _request(method, url, headers, body)
        await self._travel()
        reply = self._service.handle(request, asyncio.get_running_loop().time())
        await self._arrival(reply)
        yield MemoryReply(reply)

    @asynccontextmanager
    async def socket(self, url: str, *, headers: Mapping[str, str]) -> AsyncIterator[MemorySocket]:
        """Open a socket.

        Raises:
            UpgradeRefused: the service answered the upgrade with a reply.
            OSError: the network is down; or by a fault.
        """
        await self._travel()
        if self.sockets_down:
            raise ConnectionRefusedError("the simulated network lets no socket through")
        socket = MemorySocket(self._sockets.discard, lambda: self.latency_s, self.ping_s)
        answer = self._service.connect(
            _request("GET", url, headers, None), asyncio.get_running_loop().time(), socket.wake
        )
        if isinstance(answer, Reply):
            await self._arrival(answer)
            raise UpgradeRefused(answer.status, answer.headers.get("retry-after"))
        socket.attach(answer)
        self._sockets.add(socket)
        try:
            await self._travel()
            yield socket
        finally:
            socket.leave()

    def drop_sockets(self, code: int | None = None, reason: str = "") -> None:
        """End every open socket now: with a close code, or (None) as a pulled cable once it is noticed."""
        for socket in list(self._sockets):
            socket.drop(code, reason)

    async def close(self) -> None:
        """End every open socket. Idempotent."""
        self.drop_sockets(_GOING_AWAY)

    async def _arrival(self, reply: Reply) -> None:
        """Wait until ``reply`` has arrived.

        Raises:
            OSError: it will never arrive.
        """
        delivery = reply.delivery
        if delivery.outcome is DeliveryOutcome.REFUSED:
            raise ConnectionRefusedError("the simulated service refuses the connection")
        if delivery.outcome is DeliveryOutcome.UNTRUSTED:
            raise ssl.SSLCertVerificationError(1, delivery.why)
        if delivery.outcome is DeliveryOutcome.NEVER:
            # Only the caller's deadline ends this.
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(delivery.after_s)
        await self._travel()
        if delivery.outcome is DeliveryOutcome.LOST:
            raise ConnectionResetError("the simulated connection broke before the answer")
        if len(reply.body) > REPLY_LIMIT_BYTES:
            raise ConnectionError(f"the reply is larger than {REPLY_LIMIT_BYTES} bytes")

    async def _travel(self) -> None:
        # Also without latency: a real request always yields to other tasks.
        await asyncio.sleep(self.latency_s)
        if self.down:
            raise ConnectionRefusedError("the simulated network is down")


class MemoryReply:
    """A :class:`ravatard.ports.network.ReplyStream` that has come already."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.content_type = reply.headers.get("content-type", "")
        self.retry_after = reply.headers.get("retry-after")
        self.server = ""
        self.headers = reply.headers
        self._left = reply.body

    async def read(self) -> bytes:
        """Return the body, then b""."""
        left, self._left = self._left, b""
        return left


class MemorySocket:
    """A :class:`ravatard.ports.network.Socket` whose other end is a socket of the service."""

    def __init__(
        self, gone: Callable[[MemorySocket], None], latency_s: Callable[[], float], ping_s: float
    ) -> None:
        self._gone = gone
        self._latency_s = latency_s
        self._ping_s = ping_s
        self._service_socket: ServiceSocket | None = None
        self._changed = asyncio.Event()
        self._arrived: deque[str] = deque()
        self._travelling: deque[tuple[str, int]] = deque()
        self._ended: tuple[int | None, str] | None = None
        self._last_arrival = 0.0

    def attach(self, service_socket: ServiceSocket) -> None:
        """Set the other end."""
        self._service_socket = service_socket

    def wake(self) -> None:
        """Note that the other end may have items to send."""
        self._changed.set()

    async def send(self, text: str) -> None:
        """Send a message; it arrives after the latency, in order.

        Raises:
            SocketClosed: the socket is gone.
        """
        size = len(text.encode())
        await asyncio.sleep(0)
        self._raise_if_ended()
        loop = asyncio.get_running_loop()
        self._last_arrival = max(self._last_arrival, loop.time() + self._latency_s())
        self._travelling.append((text, size))
        if self._last_arrival <= loop.time():
            self._arrive()
        else:
            # Timers of the same moment fire in any order; what arrives is always the oldest.
            loop.call_at(self._last_arrival, self._arrive)

    async def receive(self) -> str:
        """Return the next message, the latency after the service sent it.

        Raises:
            SocketClosed: the socket is gone and all earlier messages were received.
        """
        loop = asyncio.get_running_loop()
        due: float | None = None
        while True:
            self._changed.clear()
            # A timer may fire slightly early, and adding the latency may round: the awaited item is due.
            self._fetch(max(loop.time() - self._latency_s(), due or 0.0))
            if self._arrived:
                return self._arrived.popleft()
            self._raise_if_ended()
            next_due = None if self._service_socket is None else self._service_socket.next_due()
            try:
                async with asyncio.timeout_at(None if next_due is None else next_due + self._latency_s()):
                    await self._changed.wait()
                due = None
            except TimeoutError:
                due = next_due

    def leave(self) -> None:
        """Close the socket on the client's side; messages sent before still arrive."""
        loop = asyncio.get_running_loop()
        if self._ended is None and self._last_arrival > loop.time():
            self._ended = (None, "")
            loop.call_at(self._last_arrival, self._hang_up)
        else:
            self.drop(None, "")

    def drop(self, code: int | None, reason: str) -> None:
        """End the socket for both sides."""
        if self._ended is None:
            self._ended = (code, reason)
            self._changed.set()
        self._hang_up()

    def _hang_up(self) -> None:
        service_socket, self._service_socket = self._service_socket, None
        if service_socket is not None:
            self._gone(self)
            service_socket.closed(asyncio.get_running_loop().time())

    def _arrive(self) -> None:
        text, size = self._travelling.popleft()
        if self._service_socket is None:
            return
        now = asyncio.get_running_loop().time()
        if size > MESSAGE_LIMIT_BYTES:
            self._service_socket.unreadable(CLOSE_TOO_BIG, now)
            self.drop(CLOSE_TOO_BIG, "message too big")
        else:
            self._service_socket.received(text, now)

    def _fetch(self, sent_by: float) -> None:
        if self._service_socket is None:
            return
        for item in self._service_socket.due(sent_by):
            match item:
                case Close(code, reason):
                    self.drop(code, reason)
                case Drop():
                    self.drop(None, "")
                case HalfOpen():
                    # For the service it stays open; the client notices by its ping.
                    asyncio.get_running_loop().call_later(self._ping_s, self.drop, None, "")
                case Fragments(text) | str(text):
                    self._receive(text)
            if self._ended is not None:
                return

    def _receive(self, text: str) -> None:
        if len(text) > RECEIVE_LIMIT_BYTES:
            self.drop(CLOSE_TOO_BIG, "message too big")
        else:
            self._arrived.append(text)

    def _raise_if_ended(self) -> None:
        if self._ended is not None:
            raise SocketClosed(*self._ended)


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Request:
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}"
    return Request.of(method, target, {"host": parts.netloc, **headers}, body or b"")
