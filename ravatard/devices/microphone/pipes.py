"""The microphone's sound process's ends of the two pipes that join it with its daemon."""

from __future__ import annotations

from ravatard.devices.microphone.protocol import WIRE, Record
from ravatard.devices.process.pipes import DaemonGone, PipeWriter, RecordInbox

__all__ = ["CommandReader", "DaemonGone", "PipeWriter"]


class CommandReader(RecordInbox[Record]):
    """The pipe from the daemon."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, WIRE)
