"""Capture stage: carries the microphone's events to the hub."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from ravatard.core.audio.endpointing.steady_noise import SteadyNoise
from ravatard.core.audio.microphone_events import Listened, MicrophoneEvent
from ravatard.errors import InternalError
from ravatard.ports.microphone import Microphone
from ravatard.stages.mailbox import Inbox

log = logging.getLogger(__name__)


Admit = Callable[[MicrophoneEvent], Iterable[MicrophoneEvent]]


def all_of(event: MicrophoneEvent) -> Iterable[MicrophoneEvent]:
    """Admit every event."""
    return (event,)


async def capture(microphone: Microphone, inbox: Inbox, admit: Admit = all_of) -> None:
    """Run for ever. Trouble of the device comes as events; an end of the events is a bug of ours.

    Steady noise that drowns speech is logged when it begins and when it ends.

    Args:
        microphone: the microphone.
        inbox: takes its events.
        admit: returns what the inbox gets of an event; the rest comes another way, or is dropped.

    Raises:
        InternalError: the events ended.
    """
    loop, noise = asyncio.get_running_loop(), SteadyNoise()
    async for event in microphone.events():
        if isinstance(event, Listened) and noise.heard(event.floor_db, loop.time()):
            log.warning("%s", noise.sentence or "the steady noise at the microphone is over")
        for admitted in admit(event):
            await inbox.put_when_room(admitted)
    raise InternalError("the microphone's events ended by themselves")
