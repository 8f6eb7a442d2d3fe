"""Control server: serves several clients at once, none of which can keep the daemon busy or waiting."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ravatard.cancellation import pass_on_cancellation
from ravatard.core.control.protocol import LINE_LIMIT_BYTES, ControlHandler, refused
from ravatard.host.control.opening import open_listener
from ravatard.host.control.peer import peer_of
from ravatard.host.runtime import GROUP

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ControlLimits:
    """Limits of the control socket.

    Attributes:
        clients: number at once of one user; the next one gets an error and is closed.
        watchers: number of those that may watch at once: fewer, so that a request always gets in.
        others: number at once of all users but root and our own.
        ask_s: time for a request, from connecting or from the last reply on.
        read_s: time to read a reply.
        pause_s: pause before the next client is accepted after the system had no room for one.
    """

    clients: int = 24
    watchers: int = 12
    others: int = 64
    ask_s: float = 10.0
    read_s: float = 2.0
    pause_s: float = 1.0


class ControlSocket:
    """Implements :class:`ravatard.ports.host.ControlServer` on a listening Unix socket."""

    def __init__(self, listener: socket.socket, limits: ControlLimits | None = None) -> None:
        """Take over ``listener``, which must not block."""
        self._listener = listener
        self._limits = limits or ControlLimits()
        self._clients: Counter[int] = Counter()
        self._watchers: Counter[int] = Counter()

    async def serve(self, handler: ControlHandler) -> None:
        """Accept clients for ever. Cancelling closes every connection at once."""
        loop = asyncio.get_running_loop()
        warned = False
        async with asyncio.TaskGroup() as clients:
            while True:
                try:
                    connection, _ = await loop.sock_accept(self._listener)
                except OSError as error:
                    # No file descriptor is left, or the client is gone again: neither lasts.
                    if not warned:
                        log.warning("the control socket cannot accept clients: %s", error)
                    warned = True
                    await asyncio.sleep(self._limits.pause_s)
                    continue
                warned = False
                # With PrivateUsers=yes every user but root and our own has uid 65534: these share one limit.
                uid = peer_of(connection).uid
                if not self._has_room(uid):
                    _refuse(connection, "too many clients at once; try again")
                    continue
                self._clients[uid] += 1
                clients.create_task(self._client(connection, uid, handler), name="control client")

    def _has_room(self, uid: int) -> bool:
        """Return True if one more client of ``uid`` may come: other users never lock out root or our own."""
        own = (0, os.geteuid())
        others = sum(count for user, count in self._clients.items() if user not in own)
        return self._clients[uid] < self._limits.clients and (uid in own or others < self._limits.others)

    async def _client(self, connection: socket.socket, uid: int, handler: ControlHandler) -> None:
        """Serve one client until it leaves, is too slow or writes too much."""
        try:
            with connection, suppress(OSError):  # a missed deadline is one, too
                await self._serve_requests(connection, uid, handler)
        finally:
            _count_down(self._clients, uid)

    @contextmanager
    def _watching(self, uid: int) -> Iterator[None]:
        """Count a watcher of ``uid``.

        Raises:
            _TooManyWatchers: there is no room for it.
        """
        if self._watchers[uid] >= self._limits.watchers:
            raise _TooManyWatchers
        self._watchers[uid] += 1
        try:
            yield
        finally:
            _count_down(self._watchers, uid)

    async def _serve_requests(self, connection: socket.socket, uid: int, handler: ControlHandler) -> None:
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
                _refuse(connection, f"a request is one line of at most {LINE_LIMIT_BYTES} bytes")
                return
            pending = bytearray(rest)
            if line.strip():
                await self._answer(connection, uid, handler.answers(bytes(line)), pending)

    async def _answer(
        self, connection: socket.socket, uid: int, replies: AsyncGenerator[bytes, None], pending: bytearray
    ) -> None:
        """Send all replies to one request. After the first, any input from the client ends them.

        That input is added to ``pending``: it is the next request.

        Raises:
            OSError: the client reads too slowly, or is gone.
        """
        gone: BaseException | None = None
        async with aclosing(replies):
            async for reply in replies:
                await self._send(connection, reply)
                break
            try:
                async with asyncio.TaskGroup() as group:
                    # Never started when there is no second reply: the generator ends without waiting.
                    watching = self._watching(uid)
                    receiving = group.create_task(
                        _received(connection, pending, watching), name="control client input"
                    )
                    async for reply in replies:
                        await self._send(connection, reply)
                    receiving.cancel()
            except* _Input:
                pass
            except* _TooManyWatchers as errors:
                _refuse(connection, "too many clients watch at once; try again")
                gone = errors
            except* OSError as errors:
                gone = errors
        pass_on_cancellation()
        if gone is not None:
            raise ConnectionAbortedError("the client did not take a reply") from gone

    async def _send(self, connection: socket.socket, reply: bytes) -> None:
        async with asyncio.timeout(self._limits.read_s):
            await asyncio.get_running_loop().sock_sendall(connection, reply)


class _Input(Exception):
    """Not an error: the client sent something, or left."""


class _TooManyWatchers(Exception):
    """No room for one more watcher of this user."""


async def _received(
    connection: socket.socket, pending: bytearray, watching: AbstractContextManager[None]
) -> None:
    with watching, suppress(OSError):
        pending += await asyncio.get_running_loop().sock_recv(connection, LINE_LIMIT_BYTES)
    raise _Input


def _count_down(counter: Counter[int], uid: int) -> None:
    """Take one from the count of ``uid``, and forget a user without any."""
    counter[uid] -= 1
    if counter[uid] <= 0:
        del counter[uid]


def _refuse(connection: socket.socket, why: str) -> None:
    """Send one error, if there is room for it, and close the connection."""
    with connection, suppress(OSError):
        connection.send(refused(why))


@asynccontextmanager
async def control_socket(
    path: Path | None, group: str = GROUP, limits: ControlLimits | None = None
) -> AsyncIterator[ControlSocket | None]:
    """Open the control socket at ``path`` while the daemon runs; None when that fails, which is logged.

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
        # It may have been removed, and another daemon started: the other one's socket stays.
        if mine is not None and _identity(path) == mine:
            _remove(path)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode, which differ for another file of the same name; None without a file."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
