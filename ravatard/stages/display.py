"""Keeps a display in step: the picture of whichever live session is held, and what the appliance does."""

from __future__ import annotations

import asyncio

from ravatard.core.indication import Show
from ravatard.ports.cloud import Cloud
from ravatard.ports.display import Display


async def display(screen: Display, cloud: Cloud) -> None:
    """Eternal. Cancelled, the page is no longer served."""
    async with asyncio.TaskGroup() as group:
        group.create_task(screen.serve(), name="serve page")
        async for picture in cloud.picture():
            screen.stage(*(picture or (None, None)))


class OnDisplay:
    """An observer of the hub that shows what it wants shown."""

    def __init__(self, screen: Display) -> None:
        """``screen`` is told of every change."""
        self._screen = screen

    def on_event(self, event: object, now: float) -> None:
        """Events are nothing to look at."""

    def on_action(self, action: object, now: float) -> None:
        """One action."""
        del now
        if isinstance(action, Show):
            self._screen.show(action.indication)
