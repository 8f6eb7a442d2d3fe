"""Replies that are read while they come: by aiohttp, and by a caller that must not lose what came."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, NoReturn, Protocol

from ravatard.cloud.border import FOREIGN_FAULTS
from ravatard.cloud.certificate import without_url
from ravatard.ports.network import BrokenReply, HttpReply, ReplyStream

if TYPE_CHECKING:
    import aiohttp

#: Far above every documented reply: a page of the history has 100 messages.
BODY_LIMIT_BYTES = 1024 * 1024
#: A body that stands still for so long is looked at, and one that comes in drops as often at most.
_LOOKED_AT_S = 0.5
#: Limit for the rest of a body whose beginning says enough: documented replies have one kilobyte.
_REST_S = 2.0


class AiohttpStream:
    """Reply of aiohttp; implements :class:`ravatard.ports.network.ReplyStream`."""

    def __init__(self, response: aiohttp.ClientResponse, server: str) -> None:
        self.status = response.status
        self.content_type = response.headers.get("Content-Type", "")[:200]
        self.retry_after = response.headers.get("Retry-After")
        self.server = server
        self.headers = response.headers
        self._response = response

    async def read(self) -> bytes:
        """Return the next bytes, b"" at the end.

        Raises:
            BrokenReply: it broke off; with what had come and was not read yet.
            OSError: it broke off.
        """
        # Loaded by now. The module itself is loaded before the appliance hears, and without it.
        from aiohttp import ClientError

        content = self._response.content
        try:
            return await content.readany()
        except (ClientError, RuntimeError, *FOREIGN_FAULTS) as error:
            # aiohttp gives up what came before the fault, and has no public name for it.
            if left := b"".join(getattr(content, "_buffer", ())):
                raise BrokenReply(f"the reply broke off ({type(error).__name__})", left) from None
            raise without_url(error) from None


class ReplyWatch(Protocol):
    """Sees a reply, also one that breaks off."""

    def header(self, name: str, value: str) -> None:
        """Note one header of the reply."""
        ...

    def says_enough(self, body: bytes) -> bool:
        """Return True if the beginning of a body has what the reply is asked for."""
        ...

    def answered(self, status: int | None, body: bytes) -> None:
        """Note a reply; a ``status`` of None: it broke off, and this much of its body came."""
        ...


async def watched_reply(
    opening: AbstractAsyncContextManager[ReplyStream], within_s: float, watch: ReplyWatch
) -> HttpReply:
    """Return a whole reply, read while it comes: whatever ends the reading, ``watch`` sees what came.

    A body whose beginning says enough must be whole soon: what it names is paid for meanwhile.

    Raises:
        BrokenReply: it is larger than BODY_LIMIT_BYTES.
        TimeoutError: it is not whole in time.
        OSError: it broke off, or there was none.
    """
    loop, body, is_named = asyncio.get_running_loop(), bytearray(), False
    try:
        async with asyncio.timeout(within_s) as limit, opening as stream:
            for name, value in stream.headers.items():
                watch.header(name, value)
            looked_at = loop.time()
            while (piece := await _piece_of(stream)) != b"":
                body += piece or b""
                if len(body) > BODY_LIMIT_BYTES:
                    too_large()
                if is_named or not body or (piece and loop.time() - looked_at < _LOOKED_AT_S):
                    continue
                looked_at = loop.time()
                if is_named := watch.says_enough(bytes(body)):
                    limit.reschedule(min(limit.when() or looked_at, looked_at + _REST_S))
            coding = stream.headers.get("Content-Encoding", "")
            reply = HttpReply(stream.status, unpacked(bytes(body), coding), stream.retry_after, stream.server)
    except BaseException as error:
        watch.answered(None, bytes(body) + (error.body if isinstance(error, BrokenReply) else b""))
        raise
    watch.answered(reply.status, reply.body)
    return reply


async def _piece_of(stream: ReplyStream) -> bytes | None:
    """Return the next bytes, b"" at the end; None when none came for a while."""
    try:
        async with asyncio.timeout(_LOOKED_AT_S) as silence:
            return await stream.read()
    except TimeoutError:
        if silence.expired():
            return None
        raise


def too_large(body: bytes = b"") -> NoReturn:
    """Raise BrokenReply for a body beyond BODY_LIMIT_BYTES, of which ``body`` is kept."""
    raise BrokenReply(f"the reply is larger than {BODY_LIMIT_BYTES} bytes", body)


def unpacked(body: bytes, coding: str) -> bytes:
    """Return ``body`` without the gzip or zlib coding that was not asked for; as it is when it has none.

    Raises:
        BrokenReply: it is too large.
    """
    if not any(word in coding.lower() for word in ("gzip", "deflate")):
        return body
    for wbits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        unpacker = zlib.decompressobj(wbits)
        try:
            content = unpacker.decompress(body, BODY_LIMIT_BYTES + 1)
        except zlib.error:
            continue
        if len(content) > BODY_LIMIT_BYTES:
            too_large(content)
        return content
    return body
