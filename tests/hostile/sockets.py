"""The server's end of a WebSocket, over asyncio's streams."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct
from collections.abc import Mapping

from tests.hostile import frames
from tests.hostile.heads import head
from tests.hostile.replies import Reply

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def upgrade(headers: Mapping[str, str], *, bad: bool) -> Reply:
    """The reply that turns a connection into a WebSocket; ``bad``: with a key that does not fit."""
    key = headers.get("sec-websocket-key", "") + ("x" if bad else "")
    accept = base64.b64encode(hashlib.sha1(f"{key}{_MAGIC}".encode(), usedforsecurity=False).digest())
    lines = [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"Sec-WebSocket-Accept", accept)]
    return Reply(head(101, lines), kind="upgrade")


class PeerSocket:
    """An open socket.

    Attributes:
        writer: the stream below it.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def write(self, data: bytes) -> None:
        """Send bytes, whatever they are.

        Raises:
            OSError: the other end is gone.
        """
        self.writer.write(data)
        await self.writer.drain()

    async def say(self, words: str) -> None:
        """Send a text message."""
        await self.write(frames.text(words))

    async def receive(self) -> str:
        """Return the next text message of the client; its pings are answered.

        Raises:
            OSError, EOFError: it has closed, or is gone.
        """
        whole = b""
        while True:
            first, second = await self._reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self._reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self._reader.readexactly(8))
            mask = await self._reader.readexactly(4)
            data = await self._reader.readexactly(length)
            data = _unmasked(data, mask)
            opcode = first & 0x0F
            if opcode == frames.CLOSE:
                await self.write(frames.frame(frames.CLOSE, data[:2]))
                raise ConnectionError("the client has closed")
            if opcode == frames.PING:
                await self.write(frames.frame(frames.PONG, data))
            elif opcode in (frames.TEXT, frames.MORE):
                whole += data
                if first & 0x80:
                    return whole.decode()


def _unmasked(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
