"""Network port: requests and sockets, so that a test can be the network."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HttpReply:
    """Reply to an HTTP request.

    Attributes:
        status: the HTTP status.
        body: the whole body, at most the network's limit.
        retry_after: the ``Retry-After`` header as it came, or None.
        server: the ``Server`` header, one short line; "" when there is none.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None
    server: str = ""


class BrokenReply(OSError):
    """A reply that broke off, or is too large: what came of its body may name what must be ended.

    Attributes:
        body: the beginning of the body.
    """

    def __init__(self, message: str, body: bytes) -> None:
        super().__init__(message)
        self.body = body


class SocketClosed(Exception):
    """A WebSocket was closed by the other side.

    Attributes:
        code: the close code, or None when the connection just broke.
        reason: the close reason as it came.
    """

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(f"closed with code {code}" if code is not None else "connection broke")
        self.code = code
        self.reason = reason


class Socket(Protocol):
    """An open WebSocket."""

    async def send(self, text: str) -> None:
        """Hand one text message to the socket.

        Raises:
            SocketClosed, OSError: it is gone.
        """
        ...

    async def receive(self) -> str | bytes:
        """Return the next text or binary message, whole.

        Raises:
            SocketClosed, OSError: it is gone.
        """
        ...


class Network(Protocol):
    """HTTP requests and WebSockets: an argument of every cloud, so that a test can be the network."""

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpReply:
        """Send one request and return its whole reply; follow no redirects. The caller sets the deadline.

        Raises:
            BrokenReply: the answer broke off.
            OSError: no answer was had (refused, unreachable, broken, TLS).
        """
        ...

    def socket(self, url: str, *, headers: Mapping[str, str]) -> AbstractAsyncContextManager[Socket]:
        """Open a WebSocket; leaving the context closes it. The caller sets the deadline for opening.

        Raises:
            UpgradeRefused: the server answered the upgrade with an HTTP status.
            OSError: no connection was had.
        """
        ...

    async def close(self) -> None:
        """Close every connection. Idempotent."""
        ...


class UpgradeRefused(Exception):
    """The server answered a WebSocket upgrade with an ordinary HTTP reply.

    Attributes:
        status: the HTTP status.
        retry_after: the ``Retry-After`` header as it came, or None.
        server: the ``Server`` header, one short line; "" when there is none.
    """

    def __init__(self, status: int, retry_after: str | None = None, server: str = "") -> None:
        super().__init__(f"upgrade refused with status {status}")
        self.status = status
        self.retry_after = retry_after
        self.server = server


class AddressRefused(OSError):
    """Refusal to connect to an address; the message completes "the host is …"."""
