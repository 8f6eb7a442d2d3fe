"""Capture stage: carries the microphone's events to the hub."""

from __future__ import annotations

from ravatard.core.events import Listened, MicrophoneReady
from ravatard.errors import InternalError
from ravatard.ports.microphone import Microphone
from ravatard.stages.mailbox import Inbox


class Progress:
    """Progress of the microphone, for the watchdog.

    Attributes:
        samples: samples captured since start, over all openings of the device.
    """

    def __init__(self) -> None:
        self.samples = 0
        self._opening = 0

    def note(self, event: object) -> None:
        """Count one event of the microphone."""
        match event:
            case MicrophoneReady():
                self._opening = 0
                self.samples += 1
            case Listened(samples=samples):
                self.samples += max(0, samples - self._opening)
                self._opening = samples


async def capture(microphone: Microphone, inbox: Inbox, progress: Progress) -> None:
    """Run for ever. Trouble of the device comes as events; an end of the events is a bug of ours.

    Raises:
        InternalError: the events ended, or the inbox is full.
    """
    async for event in microphone.events():
        progress.note(event)
        inbox.put(event)
    raise InternalError("the microphone's events ended by themselves")
