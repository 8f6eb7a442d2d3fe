"""Network stage: carries changes of this machine's network to the hub."""

from __future__ import annotations

from ravatard.core.events import NetworkChanged
from ravatard.errors import InternalError
from ravatard.ports.host import NetworkChanges
from ravatard.stages.mailbox import Inbox


async def network(changes: NetworkChanges, inbox: Inbox) -> None:
    """Run for ever.

    Raises:
        InternalError: the announcements ended.
    """
    async for _ in changes.changes():
        await inbox.put_when_room(NetworkChanged())
    raise InternalError("the announcements of network changes ended by themselves")
