"""Limits of calls, kept on our side, and pauses after the service's own refusals for our rate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ravatard.cloud.avatar import requests
from ravatard.cloud.avatar.limits import LONGEST_WAIT_S, ApiLimits
from ravatard.cloud.avatar.refusals import ApiRefusal, RefusalKind
from ravatard.errors import BusyError

#: Calls of which only so many are allowed; others are never held up by us.
_LIMITED = frozenset({requests.NEW, requests.SPEAK, requests.CHAT})
#: Longest pause after refusals for our rate that came without a Retry-After.
_LONGEST_PAUSE_S = 60.0
#: Times that one call is made again after such a refusal.
_MOST_REPEATED = 2


class CallLimits:
    """Limits of everything that talks to one service.

    Attributes:
        limits: our own.
    """

    def __init__(self, chance: Callable[[], float]) -> None:
        """Begin without a call; ``chance`` gives numbers in [0, 1)."""
        self.limits = ApiLimits()
        self._chance = chance
        #: Call -> (refusals for our rate in a row, loop time until which it is not made).
        self._refused: dict[str, tuple[int, float]] = {}

    async def slot(self, call: str) -> None:
        """Wait until ``call`` is within the limits, and count it.

        Raises:
            BusyError: that would take more than a few seconds; speech must not be late without a word.
        """
        loop = asyncio.get_running_loop()
        waited = 0.0
        while True:
            now = loop.time()
            refused_s = self._refused.get(call, (0, 0.0))[1] - now
            wait_s = max(self.limits.wait_s(call, now), refused_s)
            if wait_s <= 0.0 and self.limits.take(call, now):
                return
            waited += wait_s
            if waited > LONGEST_WAIT_S:
                raise BusyError(
                    f"{call} is allowed again in {wait_s:.0f} s: the service limits calls",
                    retry_after_s=wait_s,
                )
            await asyncio.sleep(max(wait_s, 0.01))

    def accepted(self, call: str) -> None:
        """Note that the service did not refuse ``call``."""
        self._refused.pop(call, None)

    def is_repeated(self, refused: ApiRefusal) -> bool:
        """Note a refusal for our rate; return True if its wait is short enough to make the call again.

        Such a call was not carried out.
        """
        if refused.kind is not RefusalKind.RATE or refused.call not in _LIMITED:
            return False
        count = self._refused.get(refused.call, (0, 0.0))[0] + 1
        wait_s = refused.wait_s
        if refused.retry_after_s is None:
            wait_s = min(wait_s * 2.0 ** min(count - 1, 8), _LONGEST_PAUSE_S)
        wait_s *= 1.0 + 0.1 * self._chance()
        self._refused[refused.call] = count, asyncio.get_running_loop().time() + wait_s
        return wait_s <= LONGEST_WAIT_S and count <= _MOST_REPEATED
