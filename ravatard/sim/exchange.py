"""What passes between a front (real sockets, or memory) and the service behind it.

A front turns its transport into these calls and knows nothing of the protocol; a service answers them and
knows neither clock nor loop. Whatever stands in between, such as faults, is a :class:`Service` around a
service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Protocol
from urllib.parse import parse_qsl, unquote

import msgspec

#: Longest socket message taken; a longer one closes the socket with 1009 (RFC 6455, "message too big").
MESSAGE_LIMIT_BYTES = 4 * 1024 * 1024
#: Longest body of a REST call; every documented one is smaller than 1 kB.
BODY_LIMIT_BYTES = 64 * 1024
CLOSE_TOO_BIG = 1009
SOCKET_PATH = "/ws/chat"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Shows neither its query nor its headers: tokens live there.

    Attributes:
        method: upper case.
        path: decoded, without the query.
        query: the last value of every key.
        headers: by lower-case name.
        body: as it came.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Request:
        """A request whose ``target`` is the path with the query, as it stands in the request line."""
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
    """What becomes of a reply on its way."""

    ARRIVES = "arrives"
    NEVER = "never"
    """It is waited for in vain; the connection stays."""
    LOST = "lost"
    """The connection breaks before it arrives; whether the service did the work is another question."""
    REFUSED = "refused"
    """There is no connection at all."""
    UNTRUSTED = "untrusted"
    """The service's certificate is not to be trusted. A real listener shows such a one by itself."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a reply travels.

    Attributes:
        fate: what becomes of it.
        after_s: how much later it goes out, in seconds.
        pieces: how many pieces a real front writes it in.
        why: for ``UNTRUSTED``: what is wrong with the certificate.
    """

    outcome: DeliveryOutcome = DeliveryOutcome.ARRIVES
    after_s: float = 0.0
    pieces: int = 1
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered.

    Attributes:
        status: HTTP status.
        headers: by lower-case name.
        body: as it goes out.
        delivery: how it travels.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    delivery: Delivery = Delivery()


@dataclass(frozen=True, slots=True)
class Close:
    """The service closes the socket."""

    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection breaks without a close frame, as when a cable is cut and that is noticed."""


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """The socket stays, but nothing comes or goes any more and no ping is answered."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """One message in several frames, each in a packet of its own. Memory has no frames: it arrives whole.

    Attributes:
        text: the message.
        pieces: how many frames.
    """

    text: str = field(repr=False)
    pieces: int


#: What a line hands to its front.
Outgoing = str | Fragments | Close | Drop | HalfOpen


def json_object(raw: str | bytes) -> dict[str, object]:
    """The JSON object in ``raw``.

    Raises:
        ValueError: it is none; the message says so.
    """
    try:
        return msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.ValidationError:
        raise ValueError("JSON, but not an object") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ValueError("not JSON") from None


class ServiceSocket(Protocol):
    """One open socket, as the service sees it."""

    def heard(self, message: str | bytes, now: float) -> None:
        """A message came."""
        ...

    def unreadable(self, code: int, now: float) -> None:
        """Something came that the front closes the socket for, with this code.

        1009: a message over :data:`MESSAGE_LIMIT_BYTES`; 1007: text that is not UTF-8; 1002: no proper frame.
        """
        ...

    def next_due(self) -> float | None:
        """When :meth:`due` will have something, or None while nothing is planned."""
        ...

    def due(self, now: float) -> Sequence[Outgoing]:
        """Everything to be sent by now, in order, handed out once."""
        ...

    def closed(self, now: float) -> None:
        """The socket is gone; nothing is called after this."""
        ...


class Service(Protocol):
    """What a front needs of the thing it stands before. ``now`` is seconds on the front's clock."""

    def handle(self, request: Request, now: float) -> Reply:
        """Answer one HTTP request."""
        ...

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> ServiceSocket | Reply:
        """Open a socket, or refuse the upgrade with a reply.

        ``wake`` is called whenever :meth:`ServiceSocket.next_due` may have become earlier, inside any call of the
        service; it must return at once and call nothing back.
        """
        ...
