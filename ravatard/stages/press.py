"""Press stage: carries the button's edges to the hub."""

from __future__ import annotations

from ravatard.errors import InternalError
from ravatard.ports.panel import Button
from ravatard.stages.mailbox import Inbox


async def press(button: Button, inbox: Inbox) -> None:
    """Run for ever.

    Raises:
        InternalError: the events ended.
    """
    async for edge in button.events():
        await inbox.put_when_room(edge)
    raise InternalError("the button's events ended by themselves")
