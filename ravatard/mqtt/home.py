"""Home Assistant: the appliance as a device of it, for as long as a connection to the broker is up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, NoReturn

from ravatard.core.control.lines import line_of
from ravatard.core.control.protocol import ControlHandler, first_reply
from ravatard.core.homeassistant.discovery import DeviceFacts, discovery_message
from ravatard.core.homeassistant.pacing import Pacing
from ravatard.core.homeassistant.report import health_of, is_health_news, payload_of, state_of
from ravatard.core.homeassistant.topics import Topics
from ravatard.mqtt.beginning import begin
from ravatard.mqtt.command_runner import CommandRunner
from ravatard.mqtt.event_queue import EventQueue
from ravatard.mqtt.software import Software
from ravatard.ports.broker import BrokerConnection, BrokerMessage, Publication

_STATUS, _WATCH = line_of({"do": "status"}), line_of({"do": "watch"})

#: Health is looked at so often, and sent if it is another: minutes and degrees.
HEALTH_S = 60.0
#: After its start Home Assistant asks every device at once; answers are spread over this time at least.
BIRTH_JITTER_S = 10.0
_ONLINE = b"online"


@dataclass(frozen=True, slots=True)
class HomeParts:
    """Parts that outlive a connection.

    Attributes:
        topics: of the appliance.
        facts: what the device's page shows.
        software: versions, and their installation.
        events: presses and turns on their way.
        chance: gives numbers in [0, 1).
        spread_s: answers to Home Assistant's start are spread over this time.
    """

    topics: Topics
    facts: DeviceFacts
    software: Software
    events: EventQueue
    chance: Callable[[], float]
    spread_s: float = BIRTH_JITTER_S


class HomeAssistant:
    """One connection's worth of it."""

    def __init__(self, parts: HomeParts, connection: BrokerConnection, handler: ControlHandler) -> None:
        """``connection``: is up; ``handler``: carries out requests and reports the state."""
        self._parts = parts
        self._topics = parts.topics
        self._connection = connection
        self._handler = handler
        self._runner = CommandRunner(parts.topics, handler, parts.software)
        self._announcing = False
        self._pacing = Pacing()

    @property
    def filters(self) -> tuple[str, ...]:
        """Topics to subscribe to."""
        topics = self._topics
        return (topics.commands, topics.birth) if topics.discovery else (topics.commands,)

    @property
    def dropped(self) -> int:
        """Number of commands that were dropped because others were still at work."""
        return self._runner.dropped

    async def announce(self) -> None:
        """Tell what there is, then how it is, then that it is there: a device without a state is never seen.

        Raises:
            LinkError: the connection failed.
        """
        self._parts.events.forget()
        await self._tell_all()

    async def _tell_all(self) -> None:
        await self._discover()
        state = payload_of(state_of(await self._report()))
        # Before the broker has confirmed it: a newer one may go out meanwhile, and is then the last one.
        self._pacing.sent(state, asyncio.get_running_loop().time())
        await self._keep("state", state)
        await self._keep("update", payload_of(self._parts.software.report))
        await self._keep("availability", _ONLINE)

    async def _discover(self) -> None:
        topics = self._topics
        if topics.discovery:
            message = discovery_message(topics, self._parts.facts)
            await self._connection.publish(Publication(topics.config, message, sure=True, retained=True))

    async def _keep(self, name: str, payload: bytes) -> None:
        topic = self._topics.of(name)
        await self._connection.publish(Publication(topic, payload, sure=True, retained=True))

    async def _report(self) -> dict[str, Any]:
        reply = await first_reply(self._handler, _STATUS)
        if reply is None:
            raise AssertionError  # a request for the status has one reply
        return dict(reply["status"])

    def start(self, group: asyncio.TaskGroup) -> None:
        """Begin to tell what changes, as tasks of ``group``; each fails with the connection's error."""
        pacing, changed = self._pacing, asyncio.Event()
        begin(group, self._watch(pacing, changed), "mqtt watch")
        begin(group, self._states(pacing, changed), "mqtt states")
        begin(group, self._events(), "mqtt events")
        begin(group, self._health(), "mqtt health")
        begin(group, self._updates(), "mqtt update")

    def take(self, message: BrokerMessage, group: asyncio.TaskGroup) -> None:
        """Take a message for one of :attr:`filters`; what follows happens in ``group``."""
        if self._topics.discovery and message.topic == self._topics.birth:
            if message.payload == _ONLINE and not message.retained and not self._announcing:
                self._announcing = True
                begin(group, self._announce_again(), "mqtt announcement")
            return
        self._runner.take(message, self._connection, group)

    async def _announce_again(self) -> None:
        try:
            await asyncio.sleep(self._parts.spread_s * self._parts.chance())
            # What the broker kept may have been cleared, or written over, by another client.
            await self._tell_all()
        finally:
            self._announcing = False

    async def _watch(self, pacing: Pacing, changed: asyncio.Event) -> None:
        async with aclosing(self._handler.answers(_WATCH)) as replies:
            async for reply in replies:
                pacing.offer(payload_of(state_of(json.loads(reply)["status"])))
                changed.set()

    async def _states(self, pacing: Pacing, changed: asyncio.Event) -> NoReturn:
        clock = asyncio.get_running_loop().time
        while True:
            if pacing.due_at is None:
                changed.clear()
                await changed.wait()
                continue
            await asyncio.sleep(max(0.0, pacing.due_at - clock()))
            payload = pacing.take(max(clock(), pacing.due_at or 0.0))
            if payload is not None:
                await self._keep("state", payload)

    async def _events(self) -> NoReturn:
        while True:
            event = await self._parts.events.get()
            payload = payload_of(event.fields)
            await self._connection.publish(Publication(self._topics.of(event.name), payload, sure=True))
            if event.kept:
                await self._keep(event.kept, payload)

    async def _health(self) -> NoReturn:
        sent: dict[str, Any] | None = None
        while True:
            health = health_of(await self._report())
            if is_health_news(sent, health):
                sent = health
                await self._connection.publish(Publication(self._topics.of("health"), payload_of(health)))
            await asyncio.sleep(HEALTH_S)

    async def _updates(self) -> NoReturn:
        software = self._parts.software
        while True:
            await software.changed.wait()
            # Not before: it may have changed since the announcement.
            software.changed.clear()
            await self._keep("update", payload_of(software.report))
