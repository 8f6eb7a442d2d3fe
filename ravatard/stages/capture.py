"""Carries what the ear hears to the hub."""

from __future__ import annotations

from ravatard.core.events import Listened, MicrophoneReady
from ravatard.errors import InternalError
from ravatard.ports.microphone import Microphone
from ravatard.stages.mailbox import Inbox


class Progress:
    """How far the ear got: what the watchdog looks at.

    Attributes:
        samples: samples captured since start, over all openings of the device.
    """

    def __init__(self) -> None:
        self.samples = 0
        self._opening = 0

    def note(self, event: object) -> None:
        """Keep count of one event of the ear."""
        match event:
            case MicrophoneReady():
                self._opening = 0
                self.samples += 1
            case Listened(samples=samples):
                self.samples += max(0, samples - self._opening)
                self._opening = samples


async def capture(ear: Microphone, inbox: Inbox, progress: Progress) -> None:
    """Eternal. The ear's own troubles come as events; that it *ends* is a bug of ours.

    Raises:
        InternalError: the ear stopped, or the inbox is full.
    """
    async for event in ear.events():
        progress.note(event)
        inbox.put(event)
    raise InternalError("the ear ended by itself")
