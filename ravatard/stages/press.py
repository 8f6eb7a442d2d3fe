"""Carries the button's edges to the hub."""

from __future__ import annotations

from ravatard.errors import HouseError
from ravatard.ports import Button
from ravatard.stages.mailbox import Inbox


async def press(button: Button, inbox: Inbox) -> None:
    """Eternal.

    Raises:
        HouseError: the button stopped, or the inbox is full.
    """
    async for edge in button.events():
        inbox.put(edge)
    raise HouseError("the button ended by itself")
