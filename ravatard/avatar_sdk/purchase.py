"""Call that buys a session, in a thread: neither a cancelled task nor the end of a loop loses its answer.

An answer whose caller has left is given to whatever stops the sessions in it, also when it comes late.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from ravatard.avatar_sdk.blocking_calls import exchanged
from ravatard.avatar_sdk.exit_guard import EXIT_GUARD, ExitGuard
from ravatard.avatar_sdk.failures import ConnectionLost
from ravatard.avatar_sdk.network_port import ApiRequest, WholeReply

#: For so long after its time-out an answer is waited for, only to stop what it has bought.
LATE_S = 30.0
#: For stopping what was bought.
UNWANTED_S = 10.0
Exchange = Callable[[ApiRequest, float, Callable[[], bool]], WholeReply]


class Purchase:
    """Call in a thread; implements :class:`ravatard.avatar_sdk.network_port.ComingPurchase`."""

    def __init__(
        self,
        request: ApiRequest,
        within_s: float,
        unwanted: Callable[[WholeReply], None],
        exchange: Exchange = exchanged,
        guard: ExitGuard = EXIT_GUARD,
    ) -> None:
        """Begin the call, in the running loop."""
        self._request = request
        self._within_s = within_s
        self._unwanted = unwanted
        self._exchange = exchange
        self._guard = guard
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()
        self._lock = threading.Lock()
        self._outcome: WholeReply | ConnectionLost | None = None
        self._left = self._taken = False
        self._decided = threading.Event()
        guard.run(self._run, within_s + LATE_S + UNWANTED_S, self.leave)

    async def reply(self) -> WholeReply:
        """Return the reply.

        Raises:
            ConnectionLost: none came in time; one that comes late is unwanted.
        """
        try:
            async with asyncio.timeout(self._within_s):
                await self._came.wait()
        except TimeoutError:
            raise ConnectionLost(
                f"the service did not answer in {self._within_s:g} s; a session that it makes late is stopped"
            ) from None
        with self._lock:
            outcome = self._outcome
            self._taken = not self._left
        self._decided.set()
        if isinstance(outcome, WholeReply) and self._taken:
            return outcome
        raise outcome if isinstance(outcome, ConnectionLost) else ConnectionLost("the program ends")

    def leave(self) -> None:
        """Say that the caller has left; for a reply that was returned it is too late."""
        with self._lock:
            self._left = not self._taken
        self._decided.set()

    def _run(self) -> None:
        try:
            outcome: WholeReply | ConnectionLost = self._exchange(
                self._request, self._within_s + LATE_S, self._may_send
            )
        except ConnectionLost as error:
            outcome = error
        with self._lock:
            self._outcome = outcome
        # A loop that is closed waits for nothing.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._came.set)
        if isinstance(outcome, WholeReply):
            self._decided.wait()
            if not self._taken:
                self._unwanted(outcome)

    def _may_send(self) -> bool:
        """Return False once the caller has left: what is not wanted is not bought."""
        return not self._left
