"""Gate of passwords and codes: one is checked at a time, and guessing is slowed down."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

from ravatard.web.page.access.attempts import Attempts
from ravatard.web.page.refused import RequestRefused

#: Attempts that wait for their turn; one takes some 40 to 300 ms, and 16 MB.
MOST_WAITING = 4


class CheckedAttempt:
    """One attempt, while it is checked."""

    def __init__(self, fail: Callable[[], None]) -> None:
        self._fail = fail

    def count_wrong(self) -> None:
        """Count it as a wrong one."""
        self._fail()

    def wrong(self, code: str, text: str) -> NoReturn:
        """Count it as a wrong one, and refuse it.

        Raises:
            RequestRefused: always.
        """
        self._fail()
        raise RequestRefused(401, code, text)


class AttemptGate:
    """Lets one attempt in after the other, or refuses it for some time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock``: seconds, never going back."""
        self._attempts = Attempts()
        self._clock = clock
        self._lock = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def enter(self, address: str) -> AsyncIterator[CheckedAttempt]:
        """Wait for the turn of ``address``. Left without an error, the attempt was right.

        Raises:
            RequestRefused: there were too many.
        """
        if self._waiting >= MOST_WAITING:
            raise _too_many(1)
        self._waiting += 1
        try:
            async with self._lock:
                if wait_s := self._attempts.wait_s(address, self._clock()):
                    raise _too_many(math.ceil(wait_s))
                self._attempts.begun(self._clock())
                yield CheckedAttempt(lambda: self._attempts.failed(address, self._clock()))
                self._attempts.succeeded(address)
        finally:
            self._waiting -= 1


def _too_many(wait_s: int) -> RequestRefused:
    text = f"too many attempts: try again in {wait_s} s"
    return RequestRefused(429, "too-many-attempts", text, retry_after_s=wait_s)
