"""A reply that is read while it comes: what breaks it is an outage, without the address in its words."""

from __future__ import annotations

from typing import Any, cast

import aiohttp
import pytest

from ravatard.cloud.reply_stream import AiohttpStream
from ravatard.ports.network import BrokenReply


class FakeContent:
    """The body of a response: pieces, then an error or the end."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = list(pieces)
        self._buffer: list[bytes] = []

    async def readany(self) -> bytes:
        """See ``aiohttp.StreamReader.readany``."""
        piece = self._pieces.pop(0) if self._pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece


class FakeResponse:
    """A response of aiohttp."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.status = 200
        self.headers = {"Content-Type": "text/event-stream" + "x" * 500, "Retry-After": "3"}
        self.content = FakeContent(*pieces)


def stream(*pieces: bytes | Exception) -> AiohttpStream:
    return AiohttpStream(cast(Any, FakeResponse(*pieces)), "a server")


async def test_pieces_come_as_they_are_until_the_end() -> None:
    reply = stream(b"data: 1\n", b"data: 2\n")

    assert [await reply.read() for _ in range(3)] == [b"data: 1\n", b"data: 2\n", b""]
    assert (reply.status, reply.retry_after, reply.server) == (200, "3", "a server")
    assert len(reply.content_type) == 200


@pytest.mark.parametrize(
    "error", [aiohttp.ClientPayloadError("http://h/?token=s"), ValueError("s"), RuntimeError()]
)
async def test_what_breaks_is_an_outage(error: Exception) -> None:
    with pytest.raises(OSError, match="Error") as broken:
        await stream(error).read()

    assert "token" not in str(broken.value)


async def test_what_came_before_a_fault_is_not_lost_with_it() -> None:
    reply = FakeResponse(aiohttp.ClientPayloadError("http://h/?token=s"))
    reply.content._buffer = [b'{"session_', b'id":"a"']

    with pytest.raises(BrokenReply, match="ClientPayloadError") as broken:
        await AiohttpStream(cast(Any, reply), "a server").read()

    assert broken.value.body == b'{"session_id":"a"'
    assert "token" not in str(broken.value)
