"""Farewell: an appliance whose MQTT was switched off takes back what the broker still keeps of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NoReturn

from ravatard.cancellation import pass_on_cancellation
from ravatard.core.control.protocol import ControlHandler
from ravatard.errors import RavatardError
from ravatard.mqtt.aiomqtt_broker import AiomqttBroker
from ravatard.mqtt.options import MqttOptions
from ravatard.ports.broker import Broker, KeptRecord, KeptTopics, Publication

log = logging.getLogger(__name__)

#: Pauses between attempts; after the last one the next start tries again.
PAUSES_S = (5.0, 30.0, 120.0, 600.0)


class Farewell:
    """Adapter that does this once, and then nothing. A :class:`ravatard.ports.adapter.Adapter`.

    Attributes:
        name: name of its task.
        faults: none: nothing is missing that is configured.
        counts: none.
    """

    name = "mqtt farewell"
    faults: tuple[str, ...] = ()
    counts: Mapping[str, int] = MappingProxyType({})

    def __init__(self, broker: Broker, record: KeptRecord, kept: KeptTopics) -> None:
        """Take back ``kept`` at ``broker``, then remove it from ``record``."""
        self._broker = broker
        self._record = record
        self._kept = kept

    def on_event(self, event: object, now: float) -> None:
        """Do nothing."""

    def on_action(self, action: object, now: float) -> None:
        """Do nothing."""

    async def serve(self, handler: ControlHandler) -> NoReturn:
        """Take everything back, with a few attempts, then wait for ever."""
        del handler
        for pause_s in (*PAUSES_S, None):
            if await self._take_back():
                break
            if pause_s is None:
                log.info("Home Assistant may still show this appliance; the next start tries to remove it")
                break
            await asyncio.sleep(pause_s)
        await asyncio.Event().wait()
        raise AssertionError  # the event is never set

    async def _take_back(self) -> bool:
        """Return True when it is done."""
        topics = self._kept.topics
        if not topics:
            self._record.remove()
            return True
        will = Publication(topics[-1], b"", retained=True)
        try:
            async with self._broker.connected(will) as connection:
                for topic in topics:
                    await connection.publish(Publication(topic, b"", sure=True, retained=True))
        except RavatardError as error:
            log.debug("what the MQTT broker keeps is not taken back: %s", error)
            pass_on_cancellation()
            return False
        self._record.remove()
        log.info("MQTT is switched off: Home Assistant forgets this appliance")
        return True


def farewell_to(options: MqttOptions, own_id: str, record: KeptRecord, kept: KeptTopics) -> Farewell:
    """Return the farewell to the broker of ``kept``, with what is still written of how to log in there."""
    broker = AiomqttBroker(replace(options, host=kept.host, port=kept.port), own_id)
    return Farewell(broker, record, kept)
