"""Whole replies: status, headers and body together, and the manner in which they come."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.hostile.bodies import DAMAGED, FOREIGN, WHOLE, Fields, text_of
from tests.hostile.heads import BROKEN, NO_BODY, TROUBLE, Header, head, some_headers

#: How the connection goes on after a reply.
After = Literal["keep", "close", "half-close", "hang"]
#: Longer than any deadline of the daemon under test.
HANG_S = 4.0
_BOMB = gzip.compress(b" " * 30_000_000)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, as bytes.

    Attributes:
        data: all of it.
        readable: the body reaches a client that reads HTTP well, whole or to a point behind all ids in it.
        wait_s: pause before its first byte.
        pieces: parts in which it is written, with short pauses.
        after: how the connection goes on.
        kind: its family, for a failure's story.
    """

    data: bytes = field(repr=False)
    readable: bool = True
    wait_s: float = 0.0
    pieces: int = 1
    after: After = "keep"
    kind: str = "good"


def plain(
    status: int,
    body: bytes,
    headers: list[Header] | None = None,
    *,
    after: After = "keep",
    kind: str = "good",
) -> Reply:
    """A reply with a true length."""
    lines = [(b"Content-Length", b"%d" % len(body)), *(headers or [])]
    return Reply(head(status, lines) + body, after=after, kind=kind, readable=status not in NO_BODY)


def good(fields: Fields) -> Reply:
    """The reply of a service that is well."""
    return plain(200, text_of(fields), [(b"Content-Type", b"application/json")])


def hostile(chance: random.Random, fields: Fields, *, lively: bool = True) -> Reply:
    """Any reply at all; ``lively``: mostly of families after which the daemon does not wait for long."""
    if chance.random() < 0.12:
        name = chance.choice(sorted(BROKEN))
        return Reply(BROKEN[name], readable=False, after=_after(chance, lively), kind=f"head: {name}")
    status = _status(chance)
    families = chance.choice((WHOLE, WHOLE, DAMAGED, FOREIGN))
    name = chance.choice(sorted(families))
    body = families[name](chance, fields)
    reply = _sent(chance, status, body, some_headers(chance))
    kind = f"{status}, {name}, {reply.kind}"
    return Reply(
        reply.data,
        readable=reply.readable and families is WHOLE and status not in NO_BODY,
        wait_s=chance.choice((0.0, 0.0, 0.0, 0.2, 1.0)),
        pieces=chance.choice((1, 1, 1, 2, 10)),
        after=reply.after,
        kind=kind,
    )


def _status(chance: random.Random) -> int:
    kind = chance.random()
    if kind < 0.5:
        return chance.choice((200, 200, 200, 201, 206))
    if kind < 0.8:
        return chance.choice(TROUBLE)
    # A token that is refused is renewed at a measured pace: rare, or nothing else would happen.
    others: tuple[int, ...] = (*range(102, 104), *range(202, 209), *range(300, 309), *range(400, 600))
    return chance.choice(others)


def _after(chance: random.Random, lively: bool) -> After:
    return chance.choice(("close", "close", "close", "half-close") if lively else ("close", "hang"))


def _sent(chance: random.Random, status: int, body: bytes, headers: list[Header]) -> Reply:
    """A body in one of the ways that HTTP has, or has not."""
    ways = {
        "whole": 8,
        "chunks": 2,
        "until the end": 2,
        "longer than it is": 2,
        "shorter than it is": 1,
        "chunks without end": 1,
        "gzip": 1,
        "gzip that is cut": 1,
        "a bomb": 1,
        "half and silence": 1,
    }
    way = chance.choices(sorted(ways), [ways[name] for name in sorted(ways)])[0]
    return replace(_in_way(way, chance, status, body, headers), kind=way)


def _in_way(way: str, chance: random.Random, status: int, body: bytes, headers: list[Header]) -> Reply:
    if way.startswith("chunks"):
        step = chance.choice((len(body) // 3 + 1, 4_000 + len(body) // 50))
        parts = [body[at : at + step] for at in range(0, len(body), step)]
        text = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
        whole = head(status, [(b"Transfer-Encoding", b"chunked"), *headers]) + text
        return Reply(whole + b"0\r\n\r\n") if way == "chunks" else Reply(whole, after="close")
    if "gzip" in way or way == "a bomb":
        packed = _BOMB if way == "a bomb" else gzip.compress(body)[: -9 if "cut" in way else None]
        data = head(status, [_length(len(packed)), (b"Content-Encoding", b"gzip"), *headers]) + packed
        return Reply(data) if way == "gzip" else Reply(data, False, after="close")
    if way == "until the end":
        return Reply(head(status, [(b"Connection", b"close"), *headers]) + body, after="close")
    if way == "longer than it is":
        longer = len(body) + chance.choice((1, 1_000, 10**12))
        return Reply(head(status, [_length(longer), *headers]) + body, after="close")
    if way == "shorter than it is":
        return Reply(head(status, [_length(len(body) // 2), *headers]) + body, False, after="close")
    data = head(status, [_length(len(body)), *headers])
    if way == "half and silence":
        return Reply(data + body[: len(body) // 2], False, after=chance.choice(("half-close", "hang")))
    # A Content-Encoding that lies may make the body another one.
    lies = any(name == b"Content-Encoding" and value != b"identity" for name, value in headers)
    return Reply(data + body, not lies)


def _length(size: int) -> Header:
    return b"Content-Length", b"%d" % size


async def send(reply: Reply, writer: asyncio.StreamWriter) -> bool:
    """Send it; returns True if the connection may be used again.

    Raises:
        OSError: the other end is gone.
    """
    if reply.wait_s:
        await asyncio.sleep(reply.wait_s)
    step = len(reply.data) // reply.pieces + 1
    for at in range(0, len(reply.data), step):
        writer.write(reply.data[at : at + step])
        await writer.drain()
        if reply.pieces > 1:
            await asyncio.sleep(0.01)
    if reply.after == "keep":
        return True
    if reply.after == "half-close":
        writer.write_eof()
        await asyncio.sleep(0.5)
    elif reply.after == "hang":
        await asyncio.sleep(HANG_S)
    return False


#: Replies to the end of a session that do not say that it ended: name -> status and body.
NOT_ENDED: Mapping[str, tuple[int, bytes]] = {
    **{
        f"the word {word}": (200, b'{"status":"%s"}' % word.encode())
        for word in (
            "failure",
            "failed",
            "error",
            "pending",
            "queued",
            "later",
            "no",
            "unsuccessful",
            "success?",
        )
    },
    **{f"the number {number}": (200, b'{"status":%d}' % number) for number in (-1, 0, 2, 429, 500, 503)},
    **{
        f"the value {value}": (200, b'{"status":%s}' % value.encode())
        for value in ("false", "[]", "{}", '["success"]')
    },
    **{
        f"a page with {status}": (status, b"<html><body>error</body></html>")
        for status in (200, 400, 401, 403, 404, 410, 429, 500, 502, 599)
    },
    **{f"nothing with {status}": (status, b"") for status in (400, 404, 429, 500, 503, 599)},
    **{
        f"JSON with {status}": (status, b'{"error":"boom"}')
        for status in (408, 418, 429, 500, 502, 503, 504, 599)
    },
    "an error beside success": (200, b'{"status":"success","result":"failure"}'),
    "another thing that is not found": (404, b'{"error":"project not found"}'),
    "a path that is not found": (404, b'{"error":"Not Found","path":"/endLiveSession"}'),
    "a redirect": (302, b""),
    "half": (200, b'{"status":"succ'),
    "null": (200, b"null"),
    "a list": (200, b"[]"),
}


def not_ended(chance: random.Random) -> Reply:
    """A reply after which a session is still open."""
    name = chance.choice(sorted(NOT_ENDED))
    status, body = NOT_ENDED[name]
    if chance.random() < 0.2:
        return Reply(b"", after=chance.choice(("close", "half-close")), kind="no reply")
    return plain(status, body, some_headers(chance), kind=name)
