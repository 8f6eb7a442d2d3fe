"""Network of the SDK without a network: a service that answers as it is told, and sockets with verbs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ravatard.avatar_sdk import AvatarClient
from ravatard.avatar_sdk.exit_guard import ExitGuard
from ravatard.avatar_sdk.failures import ConnectionLost
from ravatard.avatar_sdk.network_port import ApiRequest, SocketClosedByPeer, SocketRefused, WholeReply

GONE = b'{"error":{"code":"SESSION_NOT_FOUND","message":"The specified session does not exist"}}'


@dataclass
class FakeReply:
    """Reply of the service, in pieces; a number is a pause in seconds, an exception a broken connection."""

    status: int = 200
    pieces: tuple[bytes | float | Exception, ...] = ()
    content_type: str = "application/json"
    retry_after_s: float | None = None
    closed: bool = False

    def __post_init__(self) -> None:
        self._left = list(self.pieces)

    async def read_some(self, within_s: float) -> bytes:
        while self._left:
            piece = self._left.pop(0)
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, bytes):
                return piece
            if piece > within_s:
                await asyncio.sleep(within_s)
                raise ConnectionLost("the answer did not come in time")
            await asyncio.sleep(piece)
        return b""

    async def read_all(self, within_s: float) -> bytes:
        body = b""
        while piece := await self.read_some(within_s):
            body += piece
        return body

    def close(self) -> None:
        self.closed = True

    def whole(self) -> WholeReply:
        body = b"".join(piece for piece in self.pieces if isinstance(piece, bytes))
        return WholeReply(self.status, body, self.retry_after_s)


class NoExit(ExitGuard):
    """Guard that the end of the suite does not call."""

    def _register(self) -> None:
        """Nothing ends."""


class FakePurchase:
    """Call that goes on whatever becomes of its caller, in virtual time."""

    def __init__(
        self,
        answer: FakeReply | Exception,
        delay_s: float,
        within_s: float,
        unwanted: Callable[[WholeReply], None],
    ) -> None:
        self._answer = answer
        self._within_s = within_s
        self._unwanted = unwanted
        self._left = False
        self._there = asyncio.Event()
        asyncio.get_running_loop().call_later(delay_s, self._comes)

    async def reply(self) -> WholeReply:
        try:
            async with asyncio.timeout(self._within_s):
                await self._there.wait()
        except TimeoutError:
            raise ConnectionLost("the service did not answer in time") from None
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer.whole()

    def leave(self) -> None:
        self._left = True
        if self._there.is_set():
            self._comes()

    def _comes(self) -> None:
        self._there.set()
        if self._left and isinstance(self._answer, FakeReply):
            self._unwanted(self._answer.whole())


class FakeSocket:
    """Socket whose other end is the test.

    Attributes:
        sent: messages that the SDK sent, as objects.
        closed: the SDK closed it.
    """

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.closed = False
        self._coming: asyncio.Queue[str | bytes | SocketClosedByPeer | None] = asyncio.Queue()

    def says(self, **event: object) -> None:
        """The service sends an event."""
        self._coming.put_nowait(json.dumps(event))

    def says_raw(self, message: str | bytes | None) -> None:
        """The service sends a message; None: a binary one."""
        self._coming.put_nowait(message)

    def breaks(self, code: int | None = None) -> None:
        """The socket ends, with a close code or without."""
        self._coming.put_nowait(SocketClosedByPeer(code))

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))

    async def receive(self) -> str | bytes | None:
        message = await self._coming.get()
        if isinstance(message, SocketClosedByPeer):
            raise message
        return message

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.breaks(1000)


@dataclass
class FakeService:
    """The service, as the network of a client.

    Attributes:
        answers: replies by call, the next one first; without one the call succeeds.
        openings: what becomes of the next sockets: opened, or an error.
        calls: (time, call, body) of every call.
        headers: of every call and socket.
        urls: of every socket.
        sockets: those that were opened.
        closed: the client closed its connections.
    """

    answers: dict[str, list[FakeReply | Exception]] = field(default_factory=dict)
    openings: list[Exception] = field(default_factory=list)
    calls: list[tuple[float, str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    sockets: list[FakeSocket] = field(default_factory=list)
    closed: int = 0
    token: str | None = None
    delay_s: float = 0.0

    def client(self, **options: Any) -> AvatarClient:
        """Return a client of this service."""
        client = AvatarClient(**options)
        client._calls._make = lambda: self
        # What a test leaves open is nothing to stop at the suite's end.
        client._open._exit_guard = NoExit()
        return client

    def will_answer(self, call: str, *replies: FakeReply | Exception) -> None:
        self.answers.setdefault(call, []).extend(replies)

    def will_chat(self, *pieces: bytes | float | Exception) -> None:
        self.will_answer("chat.completions", FakeReply(200, pieces, "text/event-stream"))

    def will_refuse_sockets(self, *errors: Exception | int) -> None:
        self.openings += [SocketRefused(error) if isinstance(error, int) else error for error in errors]

    @property
    def called(self) -> list[str]:
        return [call for _, call, _ in self.calls]

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, within_s: float
    ) -> FakeReply:
        call = url.rpartition("/")[2]
        time = asyncio.get_running_loop().time()
        self.calls.append((time, call, json.loads(body) if body else None))
        self.headers.append(headers)
        answer = self._answer(call)
        await asyncio.sleep(self.delay_s)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def socket(self, url: str, headers: Mapping[str, str], within_s: float) -> FakeSocket:
        self.urls.append(url)
        self.headers.append(headers)
        await asyncio.sleep(self.delay_s)
        if self.openings:
            raise self.openings.pop(0)
        self.sockets.append(FakeSocket())
        return self.sockets[-1]

    async def close(self) -> None:
        self.closed += 1

    def drop(self) -> None:
        self.closed += 1

    def purchase(
        self, request: ApiRequest, within_s: float, unwanted: Callable[[WholeReply], None]
    ) -> FakePurchase:
        self._count(request)
        answer = self._answer(request.url.rpartition("/")[2])
        return FakePurchase(answer, self.delay_s, within_s, unwanted)

    def exchange(self, request: ApiRequest, within_s: float) -> WholeReply:
        self._count(request)
        answer = self._answer(request.url.rpartition("/")[2])
        if isinstance(answer, Exception):
            raise answer
        return answer.whole()

    def aside(self, work: Callable[[], None], within_s: float) -> None:
        work()

    def _count(self, request: ApiRequest) -> None:
        time = asyncio.get_running_loop().time()
        body = json.loads(request.body) if request.body else None
        self.calls.append((time, request.url.rpartition("/")[2], body))
        self.headers.append(request.headers)

    def _answer(self, call: str) -> FakeReply | Exception:
        waiting = self.answers.get(call)
        return waiting.pop(0) if waiting else FakeReply(200, (self._usual(call),))

    def _usual(self, call: str) -> bytes:
        reply: dict[str, Any] = {"status": "stopped", "duration": 12.5}
        if call == "streaming.new":
            reply = {"session_id": f"session-{self.called.count(call)}", "access_token": self.token}
        return json.dumps(reply).encode()


def delta(text: str) -> bytes:
    """Return an event of a streamed answer, as the API reference prints it."""
    return b"data: " + json.dumps({"choices": [{"delta": {"content": text}}]}).encode() + b"\n"


async def until(true: Callable[[], object]) -> None:
    """Let others run until something is true; time may pass."""
    for _ in range(1_000):
        if true():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not become true in a second")
