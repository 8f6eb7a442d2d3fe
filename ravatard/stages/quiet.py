"""Quiet stage: looks at the local time once a minute while there are quiet hours, and tells the hub."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from ravatard.core.events import Event, OptionsChanged, QuietChanged
from ravatard.core.options.quiet import QuietOptions
from ravatard.stages.mailbox import Inbox

_MINUTE_S = 60


class QuietWatch:
    """Watch of the quiet hours; an observer of the hub, from which it learns new options."""

    def __init__(self, options: QuietOptions, local_time: Callable[[], datetime], inbox: Inbox) -> None:
        """``local_time`` is the time on this machine's clock; ``inbox`` gets QuietChanged."""
        self._options = options
        self._local_time = local_time
        self._inbox = inbox
        self._changed = asyncio.Event()
        self._quiet = False

    def on_event(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        if isinstance(event, OptionsChanged):
            self._options = event.options.equipment.quiet
            self._changed.set()

    def on_action(self, action: object, now: float) -> None:
        """Ignore actions."""

    async def run(self) -> None:
        """Run for ever. Without quiet hours it waits for options that have some, and nothing else."""
        while True:
            self._changed.clear()
            time = self._local_time()
            quiet = self._options.hold_at(time.hour * 60 + time.minute)
            if quiet is not self._quiet:
                self._quiet = quiet
                await self._inbox.put_when_room(QuietChanged(quiet))
            # By the minute, not until the next change: the clock may be set meanwhile, or be a summer's.
            limit_s = _MINUTE_S - time.second - time.microsecond / 1e6 if self._options.are_set else None
            try:
                async with asyncio.timeout(limit_s):
                    await self._changed.wait()
            except TimeoutError:
                continue
