"""A small HTTP proxy on loopback, whose names all lead to this machine."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_REQUEST = re.compile(rb"([A-Z]+) (?:https?://([^/ ]+))?(\S*) HTTP/1\.1\r\n")


@dataclass
class RunningProxy:
    """A proxy that passes requests on, and opens tunnels.

    Attributes:
        port: its port on 127.0.0.1.
        password: "user:password" that it asks for; "" for none.
        refusal: status and body that it answers every request with; None passes them on.
        asked: method and server of every request, such as "CONNECT service.example:443".
        seen: all that came before its tunnels were open.
    """

    port: int = 0
    password: str = ""
    refusal: tuple[int, str] | None = None
    asked: list[str] = field(default_factory=list)
    seen: bytearray = field(default_factory=bytearray)

    @property
    def url(self) -> str:
        """URL of the proxy, with user and password."""
        return f"http://{self.password + '@' if self.password else ''}127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of a client."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.seen += head
        request = _REQUEST.match(head)
        assert request is not None, head
        method, host, path = (part or b"" for part in request.groups())
        server = (path if method == b"CONNECT" else host).decode()
        self.asked.append(f"{method.decode()} {server}")
        known = base64.b64encode(self.password.encode())
        if self.password and b"Proxy-Authorization: Basic " + known + b"\r\n" not in head:
            writer.write(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
            return
        if self.refusal is not None:
            status, body = self.refusal
            answer = f"HTTP/1.1 {status} No\r\nServer: squid\r\nContent-Type: text/html\r\n"
            writer.write(f"{answer}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
            return
        onward, onwards = await asyncio.open_connection("127.0.0.1", int(server.partition(":")[2] or 80))
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            head = head.replace(b" http://" + host + path, b" " + (path or b"/"), 1)
            onwards.write(re.sub(rb"Proxy-[^\r]*\r\n", b"", head))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(onward, writer), name="back")
                await _pass_on(reader, onwards)
        finally:
            onwards.transport.abort()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    target.close()


@asynccontextmanager
async def proxying(password: str = "", refusal: tuple[int, str] | None = None) -> AsyncIterator[RunningProxy]:
    """A proxy on a free port, from ``async with`` to its end."""
    proxy = RunningProxy(password=password, refusal=refusal)
    tasks: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(group.create_task(proxy.serve(reader, writer), name="proxy"))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            for task in tasks:
                task.cancel()
    # Transports that were aborted close in the next turn of the loop.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
