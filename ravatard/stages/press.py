"""Press stage: carries the button's edges to the hub."""

from __future__ import annotations

from collections.abc import Callable

from ravatard.core.events import ButtonPressed
from ravatard.errors import InternalError
from ravatard.ports.panel import Button
from ravatard.stages.mailbox import Inbox


async def press(button: Button, inbox: Inbox, taken: Callable[[], bool] = lambda: False) -> None:
    """Run for ever.

    Args:
        button: the button.
        inbox: of the hub.
        taken: returns True when a press that begins now is meant for the owner's page: the hub gets none.

    Raises:
        InternalError: the events ended.
    """
    elsewhere = False
    async for edge in button.events():
        if isinstance(edge, ButtonPressed):
            elsewhere = taken()
        if elsewhere:
            continue
        await inbox.put_when_room(edge)
    raise InternalError("the button's events ended by themselves")
