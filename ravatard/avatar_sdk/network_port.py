"""Seam between the SDK and its network: what the rest asks of it, and the ends of sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class SocketClosedByPeer(Exception):
    """A socket ended.

    Attributes:
        code: close code; None when the connection broke.
    """

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class SocketRefused(Exception):
    """The service answered the opening of a socket with a status.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """Call of the API, ready to be sent.

    Attributes:
        method: of HTTP.
        url: where to.
        headers: its headers.
        body: its body; None without.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class WholeReply:
    """Reply of the service, of any status, as far as it came.

    Attributes:
        status: of HTTP.
        body: its body.
        retry_after_s: seconds of Retry-After; None without.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after_s: float | None = None


class ComingReply(Protocol):
    """Reply whose body is read while it comes; close it at the end."""

    @property
    def status(self) -> int:
        """Status of HTTP."""
        ...

    @property
    def content_type(self) -> str:
        """Kind of the body, lower case, without parameters."""
        ...

    @property
    def retry_after_s(self) -> float | None:
        """Seconds of Retry-After; None without."""
        ...

    async def read_some(self, within_s: float) -> bytes:
        """Return the next bytes, b"" at the end.

        Raises:
            ConnectionLost: none came in time, or the connection broke.
        """
        ...

    async def read_all(self, within_s: float) -> bytes:
        """Return the rest of the body.

        Raises:
            ConnectionLost: it did not come in time, or is too large.
        """
        ...

    def close(self) -> None:
        """Give up what is left of it."""
        ...


class EventSocket(Protocol):
    """WebSocket of one session."""

    async def send(self, text: str) -> None:
        """Send one message.

        Raises:
            ConnectionLost: the socket is gone.
        """
        ...

    async def receive(self) -> bytes | str | None:
        """Return the next text message; None for a binary one, which the API does not know.

        Raises:
            SocketClosedByPeer: it was closed, or broke.
        """
        ...

    async def close(self) -> None:
        """Close it, within two seconds."""
        ...


class ComingPurchase(Protocol):
    """Call that goes on whatever becomes of its caller."""

    async def reply(self) -> WholeReply:
        """Return the reply.

        Raises:
            ConnectionLost: none came in time; one that comes late is unwanted.
        """
        ...

    def leave(self) -> None:
        """Say that the caller has left; for a reply that was returned it is too late."""
        ...


class ApiNetwork(Protocol):
    """Connections of one client.

    None of this may use an asynchronous generator: a session is stopped when the loop has closed them all.
    """

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, within_s: float
    ) -> ComingReply:
        """Make one call and return its reply, whose body is still to come.

        Raises:
            ConnectionLost: no reply began in time.
        """
        ...

    async def socket(self, url: str, headers: Mapping[str, str], within_s: float) -> EventSocket:
        """Open a socket.

        Raises:
            SocketRefused: the service answered with a status.
            ConnectionLost: there is no way to it, or it did not open in time.
        """
        ...

    async def close(self) -> None:
        """Close all connections; a later call opens new ones."""
        ...

    def drop(self) -> None:
        """Forget all connections of a loop that has ended."""
        ...

    def purchase(
        self, request: ApiRequest, within_s: float, unwanted: Callable[[WholeReply], None]
    ) -> ComingPurchase:
        """Make a call that buys something, and that goes on whatever becomes of its caller and of the loop.

        Args:
            request: the call.
            within_s: limit for the reply.
            unwanted: called with a reply whose caller has left, where it may block.
        """
        ...

    def exchange(self, request: ApiRequest, within_s: float) -> WholeReply:
        """Make a call without a loop, and block until its reply is there.

        Raises:
            ConnectionLost: no reply began in time.
        """
        ...

    def aside(self, work: Callable[[], None], within_s: float) -> None:
        """Do ``work``, which takes ``within_s`` seconds at most and may block, beside the loop."""
        ...
