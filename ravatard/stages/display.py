"""Display stage: shows the picture of the live session that is held, and the appliance's state."""

from __future__ import annotations

import asyncio

from ravatard.core.audio.speaker_events import PlaybackEnded, PlaybackStarted
from ravatard.core.indication import Show
from ravatard.ports.cloud import Cloud
from ravatard.ports.display import Display
from ravatard.stages.mailbox import Inbox


async def display(screen: Display, cloud: Cloud, inbox: Inbox) -> None:
    """Run for ever. Cancelled, the page is no longer served."""
    async with asyncio.TaskGroup() as group:
        group.create_task(screen.serve(), name="serve page")
        group.create_task(_listen_to_browser(screen, inbox), name="browser's sound")
        async for picture in cloud.picture():
            screen.stage(*(picture or (None, None)))


async def _listen_to_browser(screen: Display, inbox: Inbox) -> None:
    """Report the browser's voice as that of the speaker: the microphone is held by either."""
    now = asyncio.get_running_loop().time
    async for sounds in screen.sounding():
        inbox.put(PlaybackStarted(now()) if sounds else PlaybackEnded(now()))


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
