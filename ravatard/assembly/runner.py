"""Event loop of every command: look-ups of names run in threads that no exit waits for.

The system's resolver may take half a minute for a name of which no server knows anything. asyncio runs it in
its pool of threads, and joins those before a process may end.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

#: Look-ups at the same time; the system ends each after half a minute. The unit allows 64 tasks in all.
MOST_LOOKUPS = 16

_Found = list[tuple[Any, ...]]


class DetachedLookups:
    """Look-ups of names in daemon threads; equal ones at the same time are one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._running: dict[tuple[object, ...], asyncio.Future[_Found]] = {}

    async def getaddrinfo(self, *question: Any) -> _Found:
        """Answer like :func:`socket.getaddrinfo`. Cancelling leaves the look-up to its end.

        Raises:
            socket.gaierror: there is no answer, or too many look-ups hang.
        """
        running = self._running.get(question)
        if running is None:
            if len(self._running) >= MOST_LOOKUPS:
                raise socket.gaierror(socket.EAI_AGAIN, f"{MOST_LOOKUPS} other names are being looked up")
            running = self._running[question] = self._loop.create_future()
            threading.Thread(
                target=self._look_up, args=(question, running), name="name look-up", daemon=True
            ).start()
        return await asyncio.shield(running)

    def _look_up(self, question: tuple[Any, ...], asked: asyncio.Future[_Found]) -> None:
        found: _Found | Exception
        try:
            found = list(socket.getaddrinfo(*question))
        except Exception as error:  # noqa: BLE001 - carried to the caller
            found = error
        try:
            self._loop.call_soon_threadsafe(self._answer, question, asked, found)
        except RuntimeError:
            # The loop is closed: the answer comes too late.
            return

    def _answer(
        self, question: tuple[Any, ...], asked: asyncio.Future[_Found], found: _Found | Exception
    ) -> None:
        self._running.pop(question, None)
        if asked.cancelled():
            return
        if isinstance(found, Exception):
            asked.set_exception(found)
            # The caller may be gone; asyncio must not complain that the error was never read.
            asked.exception()
        else:
            asked.set_result(found)


class DaemonLoop(asyncio.SelectorEventLoop):
    """Event loop whose look-ups of names never keep the process."""

    def __init__(self) -> None:
        super().__init__()
        self._lookups = DetachedLookups(self)

    async def getaddrinfo(
        self, host: Any, port: Any, *, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> _Found:
        """See :meth:`asyncio.loop.getaddrinfo`."""
        return await self._lookups.getaddrinfo(host, port, family, type, proto, flags)


def run(
    main: Coroutine[Any, Any, T], loop_factory: Callable[[], asyncio.AbstractEventLoop] = DaemonLoop
) -> T:
    """Run ``main`` to its end, like :func:`asyncio.run`."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main)
