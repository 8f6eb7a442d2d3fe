"""Lease of a live session paid by the minute: started once, ended once, despite cancellation and crashes."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ravatard.cloud.kind import EndSession, GivenUp
from ravatard.errors import InternalError, LinkTimeout, RavatardError
from ravatard.ports.host import Ledger, OwedSession

log = logging.getLogger(__name__)

#: Pauses before the second and the third attempt at an ending: most failures are over in a moment.
QUICK_PAUSES_S = (0.5, 1.5)
#: Pause before any later attempt: doubled every time, up to the longest.
FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 640.0
#: Starts that were given up and are not answered yet; with so many of them nothing more is started.
MOST_LATE = 4
_MOST_TOLD = 8


@dataclass(frozen=True, slots=True)
class _Failure:
    """Failure of an ending.

    Attributes:
        count: endings of the session that failed.
        again_at: loop time of the next attempt.
        error: the newest failure, for people.
    """

    count: int = 0
    again_at: float = 0.0
    error: str = ""


_NO_FAILURE = _Failure()


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

    A start that is under way when its caller is cancelled, or that takes longer than its caller may wait,
    goes on until the id is known, and is then ended: the service may have begun to count already, and only
    the id can stop it. Every session is on the ledger from the moment its id is known until it was ended; a
    session on the ledger that is not held is owed.

    One window is left: a process killed between the service's start and the arrival of its answer never knew
    the id, and only the service can end such a session.
    """

    def __init__(
        self,
        start: Callable[[], Awaitable[OwedSession]],
        end: EndSession,
        *,
        close_s: float,
        start_s: float = 60.0,
        ledger: Ledger | None = None,
    ) -> None:
        """Hold nothing yet.

        Args:
            start: starts a session; has its own deadline, far beyond ``start_s``.
            end: returns when the session is over, also when the service does not know it any more, or when it
                is given up; has its own deadline.
            close_s: limit for all ending when :meth:`opened` is left.
            start_s: time after which :meth:`acquire` gives up; a session that comes later is ended.
            ledger: list of the sessions that must be ended; None keeps it in memory.
        """
        self._start = start
        self._end = end
        self._close_s = close_s
        self._start_s = start_s
        self._ledger = MemoryLedger() if ledger is None else ledger
        self._group: asyncio.TaskGroup | None = None
        self._starting: asyncio.Future[None] | None = None
        self._endings: dict[OwedSession, asyncio.Future[None]] = {}
        #: Starts that were given up.
        self._late: set[asyncio.Task[None]] = set()
        self._failures: dict[OwedSession, _Failure] = {}
        self._timers: dict[OwedSession, asyncio.TimerHandle] = {}
        #: Sessions started in this run that are not ended.
        self._ours: set[OwedSession] = set()
        #: Newest sentences about what was given up; an older one is in the log.
        self._given_up: deque[GivenUp] = deque(maxlen=_MOST_TOLD)
        self._wanted = False
        self._leaving = False
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
    def faults(self) -> tuple[str, ...]:
        """A sentence for each session whose ending has failed so far: it may still be paid for."""
        failed = [self._failures[session].error for session in self.owed if session in self._failures]
        open_still = (f"a paid session may still be open; its end failed: {error}" for error in failed)
        return (*open_still, *self._given_up)

    def tell(self, given_up: GivenUp) -> None:
        """Tell of an entry of the ledger that was given up, until the daemon ends."""
        log.warning("%s", given_up)
        self._given_up.append(given_up)

    def retry(self) -> None:
        """End owed sessions in the background, also those whose ending failed: it may have been mended."""
        if self._group is not None and not self._leaving:
            for session in self.owed:
                self._ending(session)

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
                self._leaving = False
                self.prompt()
                try:
                    yield
                finally:
                    self._leaving = True
                    # One bounded await. Being cancelled here as well leaves the rest to the next start.
                    try:
                        async with asyncio.timeout(self._close_s):
                            await self._end_ours()
                    except TimeoutError:
                        log.warning("a live session could not be ended within %.0f s", self._close_s)
                    finally:
                        for late in self._late:
                            late.cancel()
                        self._stop_timers()
        finally:
            self._stop_timers()
            self._group = None

    async def acquire(self) -> None:
        """Hold a session. Cancelling ends it as soon as its id is known.

        Raises:
            RavatardError: as ``start`` raised it.
        """
        self._wanted = True
        if self.held is not None:
            return
        starting = self._starting or self._begin(self._open_group())
        try:
            await asyncio.shield(starting)
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
            if now >= self._failures.get(session, _NO_FAILURE).again_at:
                self._ending(session)

    def owe(self, session: OwedSession, *, end: bool = True) -> None:
        """Put a session on the ledger that was started without being wanted; ``end`` it in the background."""
        self._ledger.add(session)
        self._ours.add(session)
        if end:
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

    async def _end_ours(self) -> None:
        """End what is held or being started, and what this run owes, with all quick attempts."""
        self._stop_timers()
        await self.release()
        if self._late:
            await asyncio.wait(self._late)
        # Those under way, and those not tried yet; then the quick attempts of those that fail.
        await self._end_all(
            one for one in self._owed_here if one in self._endings or one not in self._failures
        )
        for pause_s in QUICK_PAUSES_S:
            if self._owed_here:
                await asyncio.sleep(pause_s)
                await self._end_all(self._owed_here)

    @property
    def _owed_here(self) -> list[OwedSession]:
        """Sessions of this run that are not in use and not ended yet."""
        return [session for session in self.owed if session in self._ours]

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _begin(self, group: asyncio.TaskGroup) -> asyncio.Future[None]:
        """Start a session in the background; returns a future that is done when it is there or given up.

        Raises:
            LinkTimeout: too many earlier starts are not answered yet.
        """
        if len(self._late) >= MOST_LATE:
            raise LinkTimeout(f"{len(self._late)} starts of a live session are not answered yet")
        outcome = self._starting = asyncio.get_running_loop().create_future()
        group.create_task(self._run_start(outcome), name="lease start")
        return outcome

    def _give_up(self, outcome: asyncio.Future[None], task: asyncio.Task[None] | None) -> None:
        """Let the caller go on; the start stays under way, unless we leave, and its session will be ended."""
        if task is not None:
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            if self._leaving:
                task.cancel()
        self._starting = None
        self._fail(
            outcome, LinkTimeout(f"the service did not start a live session within {self._start_s:g} s")
        )

    @staticmethod
    def _fail(outcome: asyncio.Future[None], error: RavatardError) -> None:
        outcome.set_exception(error)
        # The caller may be gone; asyncio must not complain at exit that the error was never read.
        outcome.exception()

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
            told = await self._end(session)
        except RavatardError as error:
            self._failed(session, error)
        else:
            self._over(session)
            if isinstance(told, GivenUp):
                self.tell(told)
        finally:
            del self._endings[session]
            done.set_result(None)

    def _over(self, session: OwedSession) -> None:
        self._ledger.strike(session)
        self._failures.pop(session, None)
        self._ours.discard(session)
        if (timer := self._timers.pop(session, None)) is not None:
            timer.cancel()

    def _failed(self, session: OwedSession, error: RavatardError) -> None:
        level = logging.DEBUG if session in self._failures else logging.WARNING
        log.log(level, "a live session could not be ended and will be tried again: %s", error)
        count = self._failures.get(session, _NO_FAILURE).count + 1
        late = count - len(QUICK_PAUSES_S)
        pause_s = QUICK_PAUSES_S[count - 1] if late <= 0 else FIRST_PAUSE_S * 2.0 ** min(late - 1, 16)
        pause_s = min(pause_s, LONGEST_PAUSE_S)
        loop = asyncio.get_running_loop()
        self._failures[session] = _Failure(count, loop.time() + pause_s, str(error))
        if not self._leaving:
            self._timers[session] = loop.call_later(pause_s, self._try_again, session)

    def _try_again(self, session: OwedSession) -> None:
        self._timers.pop(session, None)
        if self._group is not None and session in self.owed:
            self._ending(session)

    async def _run_start(self, outcome: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._start_s, self._give_up, outcome, asyncio.current_task())
        try:
            session = await self._start()
        except RavatardError as error:
            if not outcome.done():
                self._starting = None
                self._fail(outcome, error)
            else:
                log.debug("a start that was given up has failed: %s", error)
            return
        finally:
            timer.cancel()
        # No await between these two: a session is on the list before it can be used.
        self._ledger.add(session)
        self._ours.add(session)
        if outcome.done():
            log.info("a live session was started too late, and is ended")
            await self._ending(session)
            return
        self._starting = None
        if self._wanted:
            self._hold(session)
        else:
            await self._ending(session)
        outcome.set_result(None)
