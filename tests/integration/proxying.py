"""A small HTTP proxy on loopback, whose names all lead to this machine."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

#: Misbehaviour of a proxy: it takes a request and says nothing; it hangs up at once; it hangs up within its
#: answer's head; its head has no end; what it says is no HTTP; it opens a tunnel in which nothing comes.
Fault = Literal["", "stuck", "closes", "cut", "huge", "garbage", "deaf tunnel"]
_LINE = b"X-More: " + b"x" * 4_000 + b"\r\n"
_REQUEST = re.compile(rb"([A-Z]+) (?:https?://([^/ ]+))?(\S*) HTTP/1\.[01]\r\n")


@dataclass
class RunningProxy:
    """A proxy that passes requests on, and opens tunnels.

    Attributes:
        port: its port on 127.0.0.1.
        password: "user:password" that it asks for; "" for none.
        refusal: status and body that it answers every request with; None passes them on.
        login: scheme of the login that it asks for.
        fault: what it does instead of its work.
        place: address of this machine to which all names lead.
        tls: certificate by which the connection to the proxy itself is encrypted; None: it is not.
        posing: certificate by which it poses as every server, and reads what passes; None: it does not.
        asked: method and server of every request, such as "CONNECT service.example:443".
        seen: all that came before its tunnels were open.
    """

    port: int = 0
    password: str = ""
    refusal: tuple[int, str] | None = None
    login: str = "Basic"
    fault: Fault = ""
    place: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    posing: ssl.SSLContext | None = None
    asked: list[str] = field(default_factory=list)
    seen: bytearray = field(default_factory=bytearray)

    @property
    def url(self) -> str:
        """URL of the proxy, with user and password."""
        host = f"[{self.place}]" if ":" in self.place else self.place
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{self.password + '@' if self.password else ''}{host}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of a client."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                if self.tls is not None:
                    await writer.start_tls(self.tls)
                if self.fault != "closes":
                    await self._serve(reader, writer)
                _close(writer)
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        if first == b"\x16":
            # A client that speaks TLS to a proxy without it.
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return
        head = first + await reader.readuntil(b"\r\n\r\n")
        self.seen += head
        request = _REQUEST.match(head)
        assert request is not None, head
        method, host, path = (part or b"" for part in request.groups())
        server = (path if method == b"CONNECT" else host).decode()
        self.asked.append(f"{method.decode()} {server}")
        known = base64.b64encode(self.password.encode())
        if self.password and b"Proxy-Authorization: Basic " + known + b"\r\n" not in head:
            wanted = f"HTTP/1.1 407 No\r\nProxy-Authenticate: {self.login}\r\nContent-Length: 0\r\n\r\n"
            writer.write(wanted.encode())
            return
        if self.fault:
            await self._misbehave(reader, writer)
            return
        if self.refusal is not None:
            status, body = self.refusal
            answer = f"HTTP/1.1 {status} No\r\nServer: squid\r\nContent-Type: text/html\r\n"
            writer.write(f"{answer}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
            return
        port = int(server.rpartition(":")[2] if ":" in server else 80)
        if self.posing is not None and method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.start_tls(self.posing)
            trusting = ssl.create_default_context()
            trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
            onward, onwards = await asyncio.open_connection(self.place, port, ssl=trusting)
            await _pass_both(reader, writer, onward, onwards, self.seen)
            return
        onward, onwards = await asyncio.open_connection(self.place, port)
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            head = head.replace(b" http://" + host + path, b" " + (path or b"/"), 1)
            if b"\r\nupgrade:" not in head.lower():
                # One request a connection: the next one may be for another server.
                head = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            onwards.write(re.sub(rb"Proxy-[^\r]*\r\n", b"", head))
        await _pass_both(reader, writer, onward, onwards)

    async def _misbehave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self.fault:
            case "cut":
                writer.write(b"HTTP/1.1 200 Connection est")
            case "garbage":
                writer.write(b"\x16\x03\x01 220 mail.example ESMTP\r\n\r\n" * 20)
            case "huge":
                writer.write(b"HTTP/1.1 200 OK\r\n")
                while True:
                    writer.write(_LINE)
                    await writer.drain()
            case "stuck" | "deaf tunnel":
                if self.fault == "deaf tunnel":
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                while await reader.read(65_536):
                    pass
            case _:
                pass


async def _pass_both(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    onward: asyncio.StreamReader,
    onwards: asyncio.StreamWriter,
    seen: bytearray | None = None,
) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pass_on(onward, writer), name="back")
            await _pass_on(reader, onwards, seen)
    finally:
        onwards.transport.abort()


async def _pass_on(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, seen: bytearray | None = None
) -> None:
    with suppress(OSError):
        while data := await source.read(65_536):
            if seen is not None:
                seen += data
            target.write(data)
            await target.drain()
    _close(target)


def _close(writer: asyncio.StreamWriter) -> None:
    """Close it once: Python 3.11.2, Debian 12's, cannot abort a TLS transport that was closed twice."""
    if not writer.is_closing():
        writer.close()


@asynccontextmanager
async def proxying(
    password: str = "",
    refusal: tuple[int, str] | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    fault: Fault = "",
    place: str = "127.0.0.1",
) -> AsyncIterator[RunningProxy]:
    """A proxy on a free port, from ``async with`` to its end."""
    proxy = RunningProxy(password=password, refusal=refusal, tls=tls, fault=fault, place=place)
    tasks: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(group.create_task(proxy.serve(reader, writer), name="proxy"))

        server = await asyncio.start_server(accept, place, 0)
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
