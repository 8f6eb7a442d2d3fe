"""Indicate stage: shows the newest indication on the lights."""

from __future__ import annotations

import logging

from ravatard.core.indication import Indication
from ravatard.ports.panel import Lamp
from ravatard.stages.mailbox import Latest

log = logging.getLogger(__name__)


async def indicate(shown: Latest[Indication], lamp: Lamp) -> None:
    """Run for ever. The lamp's own patterns run by themselves; only changes come through here."""
    indication = shown.value
    while True:
        lamp.dim(indication.brightness)
        lamp.show(indication.look)
        indication = await shown.changed()
        log.debug("showing %s", indication.look.value)
