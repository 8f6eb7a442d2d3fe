"""Seam between the SDK and its network: what the rest asks of it, its settings, and the ends of sockets."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from ravatard.secret import Secret

_PROXY_PORT = 80


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Settings of all connections of one client.

    Attributes:
        proxy: address of the proxy, with the user and password it may have; None without.
        ca_file: file with issuers that are trusted beside those of the machine, PEM; None without.
    """

    proxy: Secret | None = None
    ca_file: str | None = None

    @classmethod
    def checked(cls, proxy: str | None, ca_file: str | None) -> NetworkSettings:
        """Return the settings.

        Raises:
            ValueError: the proxy is none that can be used, or there is no such file.
        """
        if ca_file is not None and not Path(ca_file).is_file():
            raise ValueError(f"ca_file: {ca_file} is no file")
        if proxy is None:
            return cls(None, ca_file)
        try:
            parts = urlsplit(proxy)
            usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(
                "proxy is no address such as http://proxy.example:3128; only http:// can be used"
            )
        return cls(Secret(proxy), ca_file)

    def context(self) -> ssl.SSLContext | None:
        """Return what a client trusts; None for what Python trusts by itself. Reads the file.

        Raises:
            OSError: it cannot be used.
        """
        if self.ca_file is None:
            return None
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=self.ca_file)
        # Python 3.13 asks for extensions that certificates of firms often lack.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    def proxy_place(self) -> tuple[str, int] | None:
        """Return host and port of the proxy; None without."""
        if self.proxy is None:
            return None
        parts = urlsplit(self.proxy.reveal())
        return parts.hostname or "", parts.port or _PROXY_PORT

    def proxy_headers(self) -> dict[str, str]:
        """Return the headers that a request to the proxy has: its login by Basic (RFC 7617), or none."""
        parts = urlsplit(self.proxy.reveal()) if self.proxy is not None else None
        if parts is None or parts.username is None:
            return {}
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return {"Proxy-Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


#: Straight to the API, by what the machine trusts.
DIRECT = NetworkSettings()


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
