"""Something paid for by the minute: started once, ended once, whatever is cancelled in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from ravatard.errors import HouseError, RavatardError
from ravatard.secret import Secret

log = logging.getLogger(__name__)


class Lease:
    """At most one lease at a time.

    A start that is under way when its caller is cancelled goes on until the id is known, and is then ended:
    the service may have begun to count already, and only the id can stop it.
    """

    def __init__(
        self,
        start: Callable[[], Awaitable[Secret]],
        end: Callable[[Secret], Awaitable[None]],
        *,
        close_s: float,
    ) -> None:
        """``start`` and ``end`` carry their own deadlines; ``close_s`` bounds all ending on the way out."""
        self._start = start
        self._end = end
        self._close_s = close_s
        self._group: asyncio.TaskGroup | None = None
        self._starting: asyncio.Future[None] | None = None
        self._settling: asyncio.Future[None] | None = None
        self._wanted = False
        #: The lease in use, or None.
        self.held: Secret | None = None
        #: Leases whose ending failed; they are ended again until it works.
        self.owed: list[Secret] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """The time in which leases may be had; leaving ends what is held, owed or still being started."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                yield
            finally:
                # One bounded await. Being cancelled here as well leaves the rest to the next start.
                try:
                    async with asyncio.timeout(self._close_s):
                        await self.release()
                except TimeoutError:
                    log.warning("a live session could not be ended within %.0f s", self._close_s)
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
            if self._group is None:
                raise HouseError("a lease was asked for outside of opened()")
            self._starting = asyncio.get_running_loop().create_future()
            self._group.create_task(self._run_start(self._starting), name="lease start")
        try:
            await asyncio.shield(self._starting)
        except asyncio.CancelledError:
            self._wanted = False
            raise

    async def release(self) -> None:
        """Give back what is held or being started, and what is owed. Failures are logged and owed."""
        self._wanted = False
        if self._starting is not None:
            # _run_start ends what nobody wants any more.
            await asyncio.wait([self._starting])
        if self.held is not None:
            self.owed.append(self.held)
            self.held = None
        # Twice: the first may only have waited for an ending that began before this lease was owed.
        await self.settle()
        if self.owed:
            await self.settle()

    def forget(self) -> None:
        """The service says that the lease in use is over: it must not be ended again."""
        self.held = None

    async def settle(self) -> None:
        """End what is owed, once each. Cancelling leaves the ending to go on behind the scenes.

        Were the request itself cancelled, nobody would know whether it arrived: the lease would be ended
        twice, or never.
        """
        if self._settling is None and self.owed and self._group is not None:
            self._settling = asyncio.get_running_loop().create_future()
            self._group.create_task(self._run_settle(self._settling), name="lease end")
        if self._settling is not None:
            await asyncio.shield(self._settling)

    async def _run_settle(self, done: asyncio.Future[None]) -> None:
        for lease in list(self.owed):
            try:
                await self._end(lease)
            except RavatardError as error:
                log.warning("a live session could not be ended and will be tried again: %s", error)
            else:
                self.owed.remove(lease)
        self._settling = None
        done.set_result(None)

    async def _run_start(self, outcome: asyncio.Future[None]) -> None:
        try:
            lease = await self._start()
        except RavatardError as error:
            self._starting = None
            outcome.set_exception(error)
            # Nobody may be waiting any more; that is no reason for a complaint at exit.
            outcome.exception()
            return
        self.held = lease
        self._starting = None
        if not self._wanted:
            self.owed.append(lease)
            self.held = None
            await self.settle()
        outcome.set_result(None)
