"""Interface between a front (real sockets, or memory) and the service behind it.

A front turns its transport into these calls and knows nothing of the protocol; a service answers them and
knows neither clock nor loop. A layer in between, such as faults, is a :class:`Service` around a service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Protocol
from urllib.parse import parse_qsl, unquote

import msgspec

#: Longest accepted socket message; a longer one closes the socket with 1009 (RFC 6455, "message too big").
MESSAGE_LIMIT_BYTES = 4 * 1024 * 1024
#: Longest body of a REST call; every documented one is smaller than 1 kB.
BODY_LIMIT_BYTES = 64 * 1024
CLOSE_TOO_BIG = 1009
SOCKET_PATH = "/ws/chat"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Its repr omits query and headers: they hold tokens.

    Attributes:
        method: upper case.
        path: decoded, without the query.
        query: the last value of every key.
        headers: by lower-case name.
        body: as received.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Request:
        """Make a request from ``target``: path and query as in the request line."""
        path, _, query = target.partition("?")
        return cls(
            method=method.upper(),
            path=unquote(path),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
        )


@unique
class DeliveryOutcome(Enum):
    """Outcome of a reply's delivery."""

    ARRIVES = "arrives"
    NEVER = "never"
    """It never comes; the connection stays."""
    LOST = "lost"
    """The connection breaks before it arrives; the service may have done the work."""
    REFUSED = "refused"
    """The connection is refused."""
    UNTRUSTED = "untrusted"
    """The service's certificate is not trustworthy; a real listener presents it in the next handshake."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivery of a reply.

    Attributes:
        outcome: whether and how it arrives.
        after_s: delay before it goes out, in seconds.
        pieces: number of pieces in which a real front writes it.
        why: for ``UNTRUSTED``: the defect of the certificate.
    """

    outcome: DeliveryOutcome = DeliveryOutcome.ARRIVES
    after_s: float = 0.0
    pieces: int = 1
    why: str = ""


@unique
class Ending(Enum):
    """End of a streamed body."""

    CLOSED = "closed"
    STALLS = "stalls"
    """No more comes; the connection stays."""
    RESET = "reset"
    """The connection breaks."""


@dataclass(frozen=True, slots=True)
class StreamedBody:
    """Body that a service writes in pieces as it makes them.

    Attributes:
        pieces: wait in seconds, and the piece that follows it.
        ending: how it ends.
    """

    pieces: tuple[tuple[float, bytes], ...] = field(repr=False)
    ending: Ending = Ending.CLOSED


@dataclass(frozen=True, slots=True)
class Reply:
    """Reply to a request.

    Attributes:
        status: HTTP status.
        headers: by lower-case name.
        body: as sent.
        delivery: how it is delivered.
        stream: the body's pieces where the service streams it; None: it is sent at once.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    delivery: Delivery = Delivery()
    stream: StreamedBody | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """The service closes the socket."""

    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection breaks without a close frame, as with a cut cable that is noticed."""


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """The socket stays open, but carries nothing any more and no ping is answered."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """One message in several frames, each in a packet of its own. Memory has no frames: it arrives whole.

    Attributes:
        text: the message.
        pieces: number of frames.
    """

    text: str = field(repr=False)
    pieces: int


#: Items that a service socket hands to its front.
Outgoing = str | Fragments | Close | Drop | HalfOpen


def json_object(raw: str | bytes) -> dict[str, object]:
    """Decode the JSON object in ``raw``.

    Raises:
        ValueError: it is not a JSON object; the message says so.
    """
    try:
        return msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.ValidationError:
        raise ValueError("JSON, but not an object") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ValueError("not JSON") from None


class ServiceSocket(Protocol):
    """One open socket, on the side of the service."""

    def received(self, message: str | bytes, now: float) -> None:
        """Take a message of the client."""
        ...

    def unreadable(self, code: int, now: float) -> None:
        """Note a message for which the front closes the socket with this code.

        1009: a message over :data:`MESSAGE_LIMIT_BYTES`; 1007: text that is not UTF-8; 1002: no proper frame.
        """
        ...

    def next_due(self) -> float | None:
        """Return when :meth:`due` will have items, or None while nothing is planned."""
        ...

    def due(self, now: float) -> Sequence[Outgoing]:
        """Return all items to be sent by ``now``, in order, each once."""
        ...

    def closed(self, now: float) -> None:
        """Note the end of the socket; no call follows."""
        ...


class Service(Protocol):
    """Service behind a front. ``now`` is in seconds on the front's clock."""

    def handle(self, request: Request, now: float) -> Reply:
        """Answer one HTTP request."""
        ...

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> ServiceSocket | Reply:
        """Open a socket, or refuse the upgrade with a reply.

        ``wake`` is called, inside any call of the service, whenever :meth:`ServiceSocket.next_due` may have
        become earlier; it must return at once and call nothing back.
        """
        ...
