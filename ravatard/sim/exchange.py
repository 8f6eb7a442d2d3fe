"""What passes between a front (real sockets, or memory) and the service behind it.

A front turns its transport into these calls and knows nothing of the protocol; a service answers them and
knows neither clock nor loop. Whatever stands in between, such as faults, is a :class:`Service` around a
service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered.

    Attributes:
        status: HTTP status.
        headers: by lower-case name.
        body: as it goes out.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Close:
    """The service closes the socket."""

    code: int
    reason: str = ""


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


class Line(Protocol):
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

    def due(self, now: float) -> Sequence[str | Close]:
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

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> Line | Reply:
        """Open a socket, or refuse the upgrade with a reply.

        ``wake`` is called whenever :meth:`Line.next_due` may have become earlier, from inside any call of the
        service; it must return at once and call nothing back.
        """
        ...
