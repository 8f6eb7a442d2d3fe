"""The microphone's sound process's ends of the two pipes that join it with its daemon."""

from __future__ import annotations

from ravatard.devices.childpipes import DaemonGone, Outbox, RecordInbox
from ravatard.devices.earwire import WIRE, Record

__all__ = ["DaemonGone", "Inbox", "Outbox"]


class Inbox(RecordInbox[Record]):
    """The pipe from the daemon."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, WIRE)
