"""Heads of HTTP requests and replies that a trial exchanges. Pure; a reply is a stranger's."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ravatard.cloud.network.portal import portal_in

#: RFC 6455, 1.3.
_ACCEPT_SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?: [^\r\n]*)?\r\n")
SWITCHED = 101
_MOST_HEADERS = 100


@dataclass(frozen=True, slots=True)
class ReplyHead:
    """Head of a reply.

    Attributes:
        status: the HTTP status.
        headers: the headers, names in small letters; of several with a name the last.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)


def reply_head(head: bytes) -> ReplyHead:
    """Read the head of a reply.

    Raises:
        ValueError: it is none of HTTP.
    """
    found = _STATUS_LINE.match(head)
    if found is None:
        raise ValueError("the answer is none of HTTP")
    headers = {}
    for line in head[found.end() :].split(b"\r\n")[:_MOST_HEADERS]:
        name, colon, value = line.partition(b":")
        if colon:
            headers[name.decode("latin-1").strip().lower()] = value.decode("latin-1").strip()
    return ReplyHead(int(found[1]), headers)


def request_head(method: str, target: str, host: str, extra: Mapping[str, str] | None = None) -> bytes:
    """Return the head of a request without a body, which closes the connection unless ``extra`` says.

    Args:
        method: such as GET.
        target: path, address, or host and port.
        host: ``Host``, with a port where it is not the scheme's own.
        extra: more headers.
    """
    headers = {
        "Host": host,
        "User-Agent": "ravatard",
        "Accept": "*/*",
        "Connection": "close",
        **(extra or {}),
    }
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def upgrade_headers(key: str) -> dict[str, str]:
    """Return the headers that ask for a WebSocket; ``key``: of :func:`upgrade_key`. Source: RFC 6455, 4.1."""
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
    }


def upgrade_key(chance: bytes) -> str:
    """Return ``Sec-WebSocket-Key`` from 16 random bytes."""
    return base64.b64encode(chance[:16]).decode()


def is_switched(reply: ReplyHead, key: str) -> bool:
    """Return True if ``reply`` opens the WebSocket asked for with ``key``. Source: RFC 6455, 4.2.2."""
    digest = hashlib.sha1(f"{key}{_ACCEPT_SALT}".encode(), usedforsecurity=False).digest()
    accepted = reply.headers.get("sec-websocket-accept", "")
    return reply.status == SWITCHED and accepted == base64.b64encode(digest).decode()


def login_page(host: str, reply: ReplyHead) -> str:
    """Return the host of a login page that ``reply`` shows in the place of ``host``; "" for any other reply.

    Args:
        host: name or address that was asked without TLS.
        reply: the reply.
    """
    return portal_in(host, reply.status, {"Location": reply.headers.get("location", "")})
