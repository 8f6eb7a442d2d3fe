"""Display stage: shows the picture of the live session that is held, and the appliance's state."""

from __future__ import annotations

import asyncio

from ravatard.core.indication import Show
from ravatard.ports.cloud import Cloud
from ravatard.ports.display import Display


async def display(screen: Display, cloud: Cloud) -> None:
    """Run for ever. Cancelled, the page is no longer served."""
    async with asyncio.TaskGroup() as group:
        group.create_task(screen.serve(), name="serve page")
        async for picture in cloud.picture():
            screen.stage(*(picture or (None, None)))


class OnDisplay:
    """Observer of the hub that shows every indication."""

    def __init__(self, screen: Display) -> None:
        """``screen`` gets every change."""
        self._screen = screen

    def on_event(self, event: object, now: float) -> None:
        """Do nothing: only actions are shown."""

    def on_action(self, action: object, now: float) -> None:
        """Show an indication."""
        del now
        if isinstance(action, Show):
            self._screen.show(action.indication)
