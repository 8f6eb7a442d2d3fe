"""Health of the service: the call that tells online from offline while nothing is paid for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn

from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.border import shown_word
from ravatard.errors import LinkError, PeerError

log = logging.getLogger(__name__)

#: Period of the call, and the pause after a failure.
_EVERY_S = 60.0
_AGAIN_S = 5.0
#: Failures in a row that mean offline.
_MOST_FAILURES = 2


class HealthWatch:
    """Asks the service how it is."""

    def __init__(self, calls: ServiceCalls, chance: Callable[[], float]) -> None:
        """Ask nothing yet; ``chance`` gives numbers in [0, 1)."""
        self._calls = calls
        self._chance = chance
        self._told = ""

    async def check(self) -> None:
        """Ask once; what is not well is logged when it changes.

        Raises:
            LinkError, DeniedError, PeerError: the service is not reached, or is no AvaTar API.
        """
        health = await self._calls.health()
        parts = [(shown_word(name), shown_word(state)) for name, state in health.unwell]
        unwell = ", ".join(f"{name or 'a part'} is {state or 'not well'}" for name, state in parts)
        if not health.well:
            unwell = ", ".join(filter(None, (f"it is {shown_word(health.status) or 'not well'}", unwell)))
        if unwell and unwell != self._told:
            log.warning("the service says that not all of it is well: %s", unwell)
        self._told = unwell

    async def watch(self, is_held: Callable[[], bool]) -> NoReturn:
        """Ask now and then, except while ``is_held`` says that a session is held, whose socket tells more.

        Raises:
            LinkError, DeniedError, PeerError: the service is not reached any more, or refuses us.
        """
        failures = 0
        while True:
            await asyncio.sleep((_AGAIN_S if failures else _EVERY_S) * (0.8 + 0.4 * self._chance()))
            if is_held():
                failures = 0
                continue
            try:
                await self.check()
                failures = 0
            except (LinkError, PeerError):
                # A session that began meanwhile knows better.
                failures = 0 if is_held() else failures + 1
                if failures >= _MOST_FAILURES:
                    raise
