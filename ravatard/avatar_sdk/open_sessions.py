"""Open sessions of one client: whatever ends the program, they are stopped, for each of them is paid for.

``asyncio.run`` closes asynchronous generators on its way out, also after an exception or Ctrl-C: the sessions
are held by one. SIGTERM would end the program without any of that, so that it is taken while a session is
open, and becomes SystemExit, which ``asyncio.run`` lets through in order.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from ravatard.avatar_sdk.exit_guard import EXIT_GUARD, ExitGuard

log = logging.getLogger(__name__)

#: For all that a program has still to do for its sessions on its way out.
END_S = 4.0
#: Shells' custom: the number of the signal above 128.
_TERMINATED = 128 + signal.SIGTERM


class Stoppable(Protocol):
    """Session that can be stopped."""

    async def disconnect(self) -> object:
        """Stop it. Never raises for the network."""
        ...

    def stop_at_once(self, within_s: float) -> bool:
        """Stop it without a loop; blocks. Returns True when it is stopped. Never raises."""
        ...


class OpenSessions:
    """Sessions that are open, and what stops them."""

    def __init__(
        self,
        close_pool: Callable[[], Awaitable[None]],
        drop_pool: Callable[[], None],
        guard: ExitGuard = EXIT_GUARD,
    ) -> None:
        """Hold nothing yet.

        Args:
            close_pool: closes the client's connections; called last.
            drop_pool: forgets them, when their loop has ended.
            guard: does at the end of the process what is left to do.
        """
        self._close_pool = close_pool
        self._drop_pool = drop_pool
        self._exit_guard = guard
        self._open: list[Stoppable] = []
        self._beginning = 0
        self._terminating = False
        self._took_sigterm = False
        self._guard: AsyncGenerator[None, None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def hold(self) -> None:
        """Begin to guard, in the running loop; call it before anything is opened."""
        loop = asyncio.get_running_loop()
        if self._guard is None or self._loop is not loop:
            self._loop = loop
            self._guard = self._guarded()
            await anext(self._guard)
        self._exit_guard.finish_by(self, self._finish)

    def begin(self) -> None:
        """Note that a session is being created: SIGTERM ends the program in order from now on."""
        self._beginning += 1
        self._take_sigterm()

    def begun(self, session: Stoppable | None) -> None:
        """Note the session that was created; None: there is none."""
        self._beginning -= 1
        if session is not None:
            self._open.append(session)
            self._exit_guard.owe(session, session.stop_at_once)
        self._let_go()

    def ended(self, session: Stoppable) -> None:
        """Note that a session is stopped."""
        if session in self._open:
            self._open.remove(session)
            self._exit_guard.paid(session)
        self._let_go()

    async def end(self) -> None:
        """Stop all sessions and close the connections. Cancelled in its middle, the guard does it again."""
        await self._stop_all()

    async def _guarded(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await self._stop_all()

    async def _stop_all(self) -> None:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(END_S), asyncio.TaskGroup() as group:
                    for session in list(self._open):
                        group.create_task(_stopped(session), name="stop avatar session")
        finally:
            await self._close_pool()
            self._exit_guard.finished(self)

    def _finish(self) -> None:
        """Stop all at the end of the process, in a loop that was not ended."""
        loop = self._loop
        if loop is None or loop.is_running():
            return
        if loop.is_closed():
            self._drop_pool()
            return
        try:
            loop.run_until_complete(self._stop_all())
            if self._guard is not None:
                loop.run_until_complete(self._guard.aclose())
        except (RuntimeError, OSError) as error:
            log.debug("the loop cannot end in order: %s", error)

    def _take_sigterm(self) -> None:
        if (
            self._loop is not None
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        ):
            # Not on every platform, and not in every loop.
            with suppress(NotImplementedError, RuntimeError, ValueError):
                self._loop.add_signal_handler(signal.SIGTERM, self._terminate)
                self._took_sigterm = True

    def _let_go(self) -> None:
        """Give SIGTERM back when nothing is open."""
        if self._open or self._beginning or self._exit_guard.owing:
            return
        if self._terminating and threading.current_thread() is threading.main_thread():
            self._terminating = False
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self._took_sigterm and self._loop is not None:
            self._took_sigterm = False
            with suppress(RuntimeError, ValueError):
                self._loop.remove_signal_handler(signal.SIGTERM)

    def _terminate(self) -> None:
        """End the program in order; a second SIGTERM, also with the first, would only disturb that."""
        if self._terminating:
            return
        if self._loop is not None:
            self._loop.remove_signal_handler(signal.SIGTERM)
        self._took_sigterm, self._terminating = False, True
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(_TERMINATED)


async def _stopped(session: Stoppable) -> None:
    await session.disconnect()
