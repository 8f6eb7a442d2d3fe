"""Something paid for by the minute: started once, ended once, whatever is cancelled or killed in between."""

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
    """A list that lives as long as the process; implements :class:`ravatard.ports.host.Ledger`."""

    def __init__(self) -> None:
        self._debts: dict[OwedSession, None] = {}

    def owed(self) -> list[OwedSession]:
        """Everything on the list."""
        return list(self._debts)

    def add(self, debt: OwedSession) -> None:
        """Put it on the list."""
        self._debts[debt] = None

    def strike(self, debt: OwedSession) -> None:
        """It is ended."""
        self._debts.pop(debt, None)


class Lease:
    """At most one lease at a time, and the endings of all that were had before, by us or by a run that died.

    A start that is under way when its caller is cancelled goes on until the id is known, and is then ended:
    the service may have begun to count already, and only the id can stop it. Every lease is on the ledger
    from the moment its id is known until it was ended; what is on the ledger and not held is owed.

    One window is left: a process killed between the service's start and the arrival of its answer never knew
    the id, and nobody can end such a session but the service.
    """

    def __init__(
        self,
        start: Callable[[], Awaitable[OwedSession]],
        end: Callable[[OwedSession], Awaitable[None]],
        *,
        close_s: float,
        ledger: Ledger | None = None,
    ) -> None:
        """``start`` and ``end`` carry their own deadlines; ``close_s`` bounds all ending on the way out.

        ``end`` returns when the lease is over, also when the service does not know it any more.
        """
        self._start = start
        self._end = end
        self._close_s = close_s
        self._ledger = MemoryLedger() if ledger is None else ledger
        self._group: asyncio.TaskGroup | None = None
        self._starting: asyncio.Future[None] | None = None
        self._endings: dict[OwedSession, asyncio.Future[None]] = {}
        #: How long to leave those alone whose ending failed, and until when.
        self._pauses: dict[OwedSession, tuple[float, float]] = {}
        #: Those had in this run, as long as they are not ended.
        self._ours: set[OwedSession] = set()
        self._wanted = False
        self._held: OwedSession | None = None
        self._news = asyncio.Event()

    @property
    def held(self) -> OwedSession | None:
        """The lease in use, or None."""
        return self._held

    async def other_than(self, known: OwedSession | None) -> OwedSession | None:
        """Returns the lease in use, or None, as soon as that is not ``known`` itself."""
        while self._held is known:
            self._news.clear()
            await self._news.wait()
        return self._held

    @property
    def owed(self) -> list[OwedSession]:
        """Leases that nobody uses and that are not ended yet."""
        return [debt for debt in self._ledger.owed() if debt != self._held]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """The time in which leases may be had; leaving ends what is held, owed or still being started.

        What a run before this one has left is ended from the beginning on, behind the scenes. On the way out
        it is not asked for again: its service may be one that will never answer.
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
                            await self._end_all(debt for debt in self.owed if debt in self._ours)
                    except TimeoutError:
                        log.warning("a live session could not be ended within %.0f s", self._close_s)
        finally:
            self._group = None

    async def acquire(self) -> None:
        """Have a lease. Cancelling gives it back as soon as its id is known.

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
        """Give back what is held or being started. A failure is logged, and the lease owed."""
        self._wanted = False
        if self._starting is not None:
            # _run_start ends what nobody wants any more.
            await asyncio.wait([self._starting])
        if (held := self._held) is not None:
            self._hold(None)
            await asyncio.shield(self._ending(held))
        self.prompt()

    def forget(self) -> None:
        """The service says that the lease in use is over: it must not be ended again."""
        if self._held is not None:
            self._over(self._held)
            self._hold(None)

    def prompt(self) -> None:
        """End what is owed behind the scenes, but for those whose ending failed a short while ago."""
        now = asyncio.get_running_loop().time()
        for debt in self.owed:
            if now >= self._pauses.get(debt, (0.0, 0.0))[1]:
                self._ending(debt)

    async def settle(self) -> None:
        """Try to end all that is owed, each once. Cancelling leaves the endings to go on behind the scenes.

        Were the request itself cancelled, nobody would know whether it arrived: the lease would be ended
        twice, or never.
        """
        await self._end_all(self.owed)

    # ------------------------------------------------------------------ inside

    def _hold(self, lease: OwedSession | None) -> None:
        self._held = lease
        self._news.set()

    async def _end_all(self, debts: Iterable[OwedSession]) -> None:
        if endings := [self._ending(debt) for debt in debts]:
            await asyncio.wait(endings)

    def _open_group(self) -> asyncio.TaskGroup:
        if self._group is None:
            raise InternalError("a lease was asked for outside of opened()")
        return self._group

    def _ending(self, debt: OwedSession) -> asyncio.Future[None]:
        """Done when the ending that is under way, or else a new one, has worked or failed."""
        ending = self._endings.get(debt)
        if ending is None:
            group = self._open_group()
            ending = self._endings[debt] = asyncio.get_running_loop().create_future()
            group.create_task(self._run_end(debt, ending), name="lease end")
        return ending

    async def _run_end(self, debt: OwedSession, done: asyncio.Future[None]) -> None:
        try:
            await self._end(debt)
        except RavatardError as error:
            self._failed(debt, error)
        else:
            self._over(debt)
        finally:
            del self._endings[debt]
            done.set_result(None)

    def _over(self, debt: OwedSession) -> None:
        self._ledger.strike(debt)
        self._pauses.pop(debt, None)
        self._ours.discard(debt)

    def _failed(self, debt: OwedSession, error: RavatardError) -> None:
        level = logging.DEBUG if debt in self._pauses else logging.WARNING
        log.log(level, "a live session could not be ended and will be tried again: %s", error)
        pause_s, _ = self._pauses.get(debt, (FIRST_PAUSE_S / 2, 0.0))
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        self._pauses[debt] = pause_s, asyncio.get_running_loop().time() + pause_s

    async def _run_start(self, outcome: asyncio.Future[None]) -> None:
        try:
            lease = await self._start()
        except RavatardError as error:
            self._starting = None
            outcome.set_exception(error)
            # Nobody may be waiting any more; that is no reason for a complaint at exit.
            outcome.exception()
            return
        # Nothing may wait between these two: a lease is on the list before anybody can use it.
        self._ledger.add(lease)
        self._ours.add(lease)
        self._starting = None
        if self._wanted:
            self._hold(lease)
        else:
            await self._ending(lease)
        outcome.set_result(None)
