"""Lease of a live session paid by the minute: started once, ended once, despite cancellation and crashes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from ravatard.errors import InternalError, RavatardError
from ravatard.ports.host import Ledger, OwedSession

log = logging.getLogger(__name__)

#: Pause before an ending that failed is tried again by itself: doubled every time, up to the longest.
FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 640.0


class MemoryLedger:
    """Ledger that lives as long as the process; implements :class:`ravatard.ports.host.Ledger`."""

    def __init__(self) -> None:
        self._sessions: dict[OwedSession, None] = {}

    def owed(self) -> list[OwedSession]:
        """Return all entries."""
        return list(self._sessions)

    def add(self, session: OwedSession) -> None:
        """Add an entry."""
        self._sessions[session] = None

    def strike(self, session: OwedSession) -> None:
        """Remove the entry of a session that has ended."""
        self._sessions.pop(session, None)


class Lease:
    """At most one session held at a time, and the ending of all earlier ones, also those of a run that died.

    A start that is under way when its caller is cancelled goes on until the id is known, and is then ended:
    the service may have begun to count already, and only the id can stop it. Every session is on the ledger
    from the moment its id is known until it was ended; a session on the ledger that is not held is owed.

    One window is left: a process killed between the service's start and the arrival of its answer never knew
    the id, and only the service can end such a session.
    """

    def __init__(
        self,
        start: Callable[[], Awaitable[OwedSession]],
        end: Callable[[OwedSession], Awaitable[None]],
        *,
        close_s: float,
        ledger: Ledger | None = None,
    ) -> None:
        """Hold nothing yet.

        Args:
            start: starts a session; has its own deadline.
            end: returns when the session is over, also when the service does not know it any more; has its
                own deadline.
            close_s: limit for all ending when :meth:`opened` is left.
            ledger: list of the sessions that must be ended; None keeps it in memory.
        """
        self._start = start
        self._end = end
        self._close_s = close_s
        self._ledger = MemoryLedger() if ledger is None else ledger
        self._group: asyncio.TaskGroup | None = None
        self._starting: asyncio.Future[None] | None = None
        self._endings: dict[OwedSession, asyncio.Future[None]] = {}
        #: For sessions whose ending failed: the pause in seconds, and the loop time at which it is over.
        self._pauses: dict[OwedSession, tuple[float, float]] = {}
        #: Sessions started in this run that are not ended.
        self._ours: set[OwedSession] = set()
        self._wanted = False
        self._held: OwedSession | None = None
        self._changed = asyncio.Event()

    @property
    def held(self) -> OwedSession | None:
        """The session in use, or None."""
        return self._held

    async def other_than(self, known: OwedSession | None) -> OwedSession | None:
        """Return the session in use, or None, as soon as that is not ``known`` itself."""
        while self._held is known:
            self._changed.clear()
            await self._changed.wait()
        return self._held

    @property
    def owed(self) -> list[OwedSession]:
        """Sessions that are not in use and not ended yet."""
        return [session for session in self._ledger.owed() if session != self._held]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Allow sessions while inside; leaving ends the one held, the owed ones and one being started.

        Sessions left by an earlier run are ended in the background, from entering on. Leaving does not ask
        for them again: their service may be one that will never answer.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                self.prompt()
                try:
                    yield
                finally:
                    # One bounded await. Being cancelled here as well leaves the rest to the next start.
                    try:
                        async with asyncio.timeout(self._close_s):
                            await self.release()
                            await self._end_all(session for session in self.owed if session in self._ours)
                    except TimeoutError:
                        log.warning("a live session could not be ended within %.0f s", self._close_s)
        finally:
            self._group = None

    async def acquire(self) -> None:
        """Hold a session. Cancelling ends it as soon as its id is known.

        Raises:
            RavatardError: as ``start`` raised it.
        """
        self._wanted = True
        if self.held is not None:
            return
        if self._starting is None:
            group = self._open_group()
            self._starting = asyncio.get_running_loop().create_future()
            group.create_task(self._run_start(self._starting), name="lease start")
        try:
            await asyncio.shield(self._starting)
        except asyncio.CancelledError:
            self._wanted = False
            raise

    async def release(self) -> None:
        """End the session that is held or being started. A failure is logged, and the session owed."""
        self._wanted = False
        if self._starting is not None:
            # _run_start ends a session that is not wanted any more.
            await asyncio.wait([self._starting])
        if (held := self._held) is not None:
            self._hold(None)
            await asyncio.shield(self._ending(held))
        self.prompt()

    def end_soon(self) -> None:
        """Begin to end the session that is held or being started; :meth:`opened` waits for it when left."""
        self._wanted = False
        if (held := self._held) is not None:
            self._hold(None)
            self._ending(held)

    def forget(self) -> None:
        """Drop the session in use, which the service says is over: it must not be ended again."""
        if self._held is not None:
            self._over(self._held)
            self._hold(None)

    def prompt(self) -> None:
        """End owed sessions in the background, except those whose ending failed a short while ago."""
        now = asyncio.get_running_loop().time()
        for session in self.owed:
            if now >= self._pauses.get(session, (0.0, 0.0))[1]:
                self._ending(session)

    async def settle(self) -> None:
        """Try to end all owed sessions, each once. Cancelling leaves the endings to go on in the background.

        Cancelling the request itself would leave it unknown whether it arrived: the session would be ended
        twice, or never.
        """
        await self._end_all(self.owed)

    # ------------------------------------------------------------------ inside

    def _hold(self, session: OwedSession | None) -> None:
        self._held = session
        self._changed.set()

    async def _end_all(self, sessions: Iterable[OwedSession]) -> None:
        if endings := [self._ending(session) for session in sessions]:
            await asyncio.wait(endings)

    def _open_group(self) -> asyncio.TaskGroup:
        if self._group is None:
            raise InternalError("a lease was asked for outside of opened()")
        return self._group

    def _ending(self, session: OwedSession) -> asyncio.Future[None]:
        """Return a future that is done when the ending under way, or else a new one, has worked or failed."""
        ending = self._endings.get(session)
        if ending is None:
            group = self._open_group()
            ending = self._endings[session] = asyncio.get_running_loop().create_future()
            group.create_task(self._run_end(session, ending), name="lease end")
        return ending

    async def _run_end(self, session: OwedSession, done: asyncio.Future[None]) -> None:
        try:
            await self._end(session)
        except RavatardError as error:
            self._failed(session, error)
        else:
            self._over(session)
        finally:
            del self._endings[session]
            done.set_result(None)

    def _over(self, session: OwedSession) -> None:
        self._ledger.strike(session)
        self._pauses.pop(session, None)
        self._ours.discard(session)

    def _failed(self, session: OwedSession, error: RavatardError) -> None:
        level = logging.DEBUG if session in self._pauses else logging.WARNING
        log.log(level, "a live session could not be ended and will be tried again: %s", error)
        pause_s, _ = self._pauses.get(session, (FIRST_PAUSE_S / 2, 0.0))
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        self._pauses[session] = pause_s, asyncio.get_running_loop().time() + pause_s

    async def _run_start(self, outcome: asyncio.Future[None]) -> None:
        try:
            session = await self._start()
        except RavatardError as error:
            self._starting = None
            outcome.set_exception(error)
            # The caller may be gone; asyncio must not complain at exit that the error was never read.
            outcome.exception()
            return
        # No await between these two: a session is on the list before it can be used.
        self._ledger.add(session)
        self._ours.add(session)
        self._starting = None
        if self._wanted:
            self._hold(session)
        else:
            await self._ending(session)
        outcome.set_result(None)
