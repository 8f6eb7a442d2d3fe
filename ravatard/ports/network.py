"""Network port: requests and sockets, so that a test can be the network."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from ravatard.secret import Secret


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


class ReplyStream(Protocol):
    """Reply to an HTTP request whose body is read while it comes."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def content_type(self) -> str:
        """The ``Content-Type`` header as it came; "" when there is none."""
        ...

    @property
    def retry_after(self) -> str | None:
        """The ``Retry-After`` header as it came, or None."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers as they came, by names in any case."""
        ...

    @property
    def server(self) -> str:
        """The ``Server`` header, one short line; "" when there is none."""
        ...

    async def read(self) -> bytes:
        """Return the next bytes of the body, b"" at its end. The caller sets the deadline and the limit.

        Raises:
            OSError: it broke off.
        """
        ...


class SocketClosed(Exception):
    """A WebSocket was closed by the other side, or by ours for what the other side sent.

    Attributes:
        code: the close code, or None when the connection just broke.
        reason: the close reason as it came.
        by_us: True: a message of the other side's was refused with this code.
    """

    def __init__(self, code: int | None, reason: str = "", *, by_us: bool = False) -> None:
        super().__init__(f"closed with code {code}" if code is not None else "connection broke")
        self.code = code
        self.reason = reason
        self.by_us = by_us


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

    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AbstractAsyncContextManager[ReplyStream]:
        """Send one request, and read its reply inside; leaving gives the rest of it up.

        No redirect is followed. The caller sets the deadline for the beginning of the reply.

        Raises:
            OSError: no reply was had.
        """
        ...

    def socket(self, url: str, *, headers: Mapping[str, str]) -> AbstractAsyncContextManager[Socket]:
        """Open a WebSocket; leaving the context closes it. The caller sets the deadline for opening.

        Raises:
            UpgradeRefused: the server answered the upgrade with an HTTP status; no redirect is followed.
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
        super().__init__(status)
        self.status = status
        self.retry_after = retry_after
        self.server = server

    def __str__(self) -> str:
        """Return the end of a sentence that begins with the server."""
        if 300 <= self.status < 400:
            return f"redirects the socket ({self.status}), and redirects are not followed"
        return f"refuses the socket ({self.status})"


class AddressRefused(OSError):
    """Refusal to connect to an address; the message completes "the host is …"."""


class HostNotFound(OSError):
    """Failure to find the addresses of a host; the message completes "the host was …".

    Attributes:
        host: the host; it may be that of the service itself.
    """

    def __init__(self, host: str, how: str) -> None:
        super().__init__(errno.EADDRNOTAVAIL, how)
        self.host = host


class ProxyUnusable(HostNotFound):
    """Refusal to reach a host without the proxy that is set, which cannot be used."""


@dataclass(frozen=True, slots=True)
class Route:
    """Route of a request to a host that a service has named.

    Attributes:
        addresses: numeric addresses to connect to; none with a proxy, which finds them by itself.
        proxy: URL of the proxy, with its user and password; None: there is no proxy.
        proxy_name: the proxy for people; "" without one.
    """

    addresses: tuple[str, ...]
    proxy: Secret | None = None
    proxy_name: str = ""


@dataclass(frozen=True, slots=True)
class NamedHost:
    """Host that a service has named, in a session or an answer.

    Attributes:
        protocol: https, http, wss, ws, stun, or turn-udp, turn-tcp, turn-tls.
        host: name or address.
        port: its port.
    """

    protocol: str
    host: str
    port: int
