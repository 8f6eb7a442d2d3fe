"""Capture stage: carries the microphone's events to the hub."""

from __future__ import annotations

import asyncio
import logging

from ravatard.core.audio.endpointing.steady_noise import SteadyNoise
from ravatard.core.events import Listened
from ravatard.errors import InternalError
from ravatard.ports.microphone import Microphone
from ravatard.stages.mailbox import Inbox

log = logging.getLogger(__name__)


async def capture(microphone: Microphone, inbox: Inbox) -> None:
    """Run for ever. Trouble of the device comes as events; an end of the events is a bug of ours.

    Steady noise that drowns speech is logged when it begins and when it ends.

    Raises:
        InternalError: the events ended.
    """
    loop, noise = asyncio.get_running_loop(), SteadyNoise()
    async for event in microphone.events():
        if isinstance(event, Listened) and noise.heard(event.floor_db, loop.time()):
            log.warning("%s", noise.sentence or "the steady noise at the microphone is over")
        await inbox.put_when_room(event)
    raise InternalError("the microphone's events ended by themselves")
