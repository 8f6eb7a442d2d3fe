"""Serves the control socket: several clients at once, none of which can keep the daemon busy or waiting."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ravatard.cancellation import pass_on_cancellation
from ravatard.core.control.protocol import LINE_LIMIT_BYTES, ControlHandler, refused
from ravatard.host.control.opening import open_listener
from ravatard.host.runtime import GROUP

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ControlLimits:
    """What a client may use.

    Attributes:
        clients: how many at once; the next one is told so and sent away.
        ask_s: to ask something, from connecting or from the last reply on.
        read_s: to read a reply.
        pause_s: before the next client is let in after the system had no room for one.
    """

    clients: int = 16
    ask_s: float = 10.0
    read_s: float = 2.0
    pause_s: float = 1.0


class ControlSocket:
    """Implements :class:`ravatard.ports.host.ControlServer` on a listening Unix socket."""

    def __init__(self, listener: socket.socket, limits: ControlLimits | None = None) -> None:
        """Takes over ``listener``, which must not block."""
        self._listener = listener
        self._limits = limits or ControlLimits()
        self._clients = 0

    async def serve(self, desk: ControlHandler) -> None:
        """Let people in, for ever. Cancelling ends every conversation at once."""
        loop = asyncio.get_running_loop()
        complained = False
        async with asyncio.TaskGroup() as clients:
            while True:
                try:
                    connection, _ = await loop.sock_accept(self._listener)
                except OSError as error:
                    # No file descriptor is left, or the client is gone again: neither is forever.
                    if not complained:
                        log.warning("nobody can be let in at the control socket: %s", error)
                    complained = True
                    await asyncio.sleep(self._limits.pause_s)
                    continue
                complained = False
                if self._clients >= self._limits.clients:
                    _send_away(connection, "too many ask at once; try again")
                    continue
                self._clients += 1
                clients.create_task(self._client(connection, desk), name="control client")

    async def _client(self, connection: socket.socket, desk: ControlHandler) -> None:
        """One client, until it leaves, breaks off, is too slow or writes too much."""
        try:
            with connection, suppress(OSError):  # a deadline that passed is one, too
                await self._converse(connection, desk)
        finally:
            self._clients -= 1

    async def _converse(self, connection: socket.socket, desk: ControlHandler) -> None:
        loop = asyncio.get_running_loop()
        pending = bytearray()
        while True:
            async with asyncio.timeout(self._limits.ask_s):
                while b"\n" not in pending and len(pending) <= LINE_LIMIT_BYTES:
                    received = await loop.sock_recv(connection, LINE_LIMIT_BYTES)
                    if not received:
                        return
                    pending += received
            line, newline, rest = pending.partition(b"\n")
            if not newline or len(line) > LINE_LIMIT_BYTES:
                _send_away(connection, f"a request is one line of at most {LINE_LIMIT_BYTES} bytes")
                return
            pending = bytearray(rest)
            if line.strip():
                await self._answer(connection, desk.answers(bytes(line)), pending)

    async def _answer(
        self, connection: socket.socket, replies: AsyncGenerator[bytes, None], pending: bytearray
    ) -> None:
        """All replies to one request. After the first, whatever the client does ends them.

        What it says meanwhile is added to ``pending``: its next request.

        Raises:
            OSError: it reads too slowly, or is gone.
        """
        gone: BaseException | None = None
        async with aclosing(replies):
            async for reply in replies:
                await self._send(connection, reply)
                break
            try:
                async with asyncio.TaskGroup() as group:
                    # Never started when there is no second reply: the generator ends without waiting.
                    stirring = group.create_task(_stirred(connection, pending), name="control client stirs")
                    async for reply in replies:
                        await self._send(connection, reply)
                    stirring.cancel()
            except* _Stirred:
                pass
            except* OSError as errors:
                gone = errors
        pass_on_cancellation()
        if gone is not None:
            raise ConnectionAbortedError("the client did not take a reply") from gone

    async def _send(self, connection: socket.socket, reply: bytes) -> None:
        async with asyncio.timeout(self._limits.read_s):
            await asyncio.get_running_loop().sock_sendall(connection, reply)


class _Stirred(Exception):
    """No error: the client said something, or left."""


async def _stirred(connection: socket.socket, pending: bytearray) -> None:
    with suppress(OSError):
        pending += await asyncio.get_running_loop().sock_recv(connection, LINE_LIMIT_BYTES)
    raise _Stirred


def _send_away(connection: socket.socket, why: str) -> None:
    """One last word, if there is room for it, and the end."""
    with connection, suppress(OSError):
        connection.send(refused(why))


@asynccontextmanager
async def control_socket(
    path: Path | None, group: str = GROUP, limits: ControlLimits | None = None
) -> AsyncIterator[ControlSocket | None]:
    """The socket at ``path`` for as long as the daemon lives; None when there can be none, which is logged.

    Raises:
        AlreadyRunning: another daemon has it.
    """
    if path is None:
        yield None
        return
    try:
        listener = await open_listener(path, group)
    except OSError as error:
        log.warning("running without a control socket, `ravatard status` will not work: %s", error)
        yield None
        return
    mine = _identity(path)
    try:
        yield ControlSocket(listener, limits)
    finally:
        listener.close()
        # Somebody may have removed it and started another daemon: that one's stays.
        if mine is not None and _identity(path) == mine:
            _remove(path)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of the same name; None when there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
