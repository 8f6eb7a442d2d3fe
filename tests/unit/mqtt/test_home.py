"""What there is, how it is, and that it is there are told in this order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

from ravatard.core.control.protocol import agreed
from ravatard.core.homeassistant.discovery import DeviceFacts
from ravatard.core.homeassistant.topics import Topics
from ravatard.mqtt.event_queue import EventQueue
from ravatard.mqtt.home import HomeAssistant, HomeParts
from ravatard.mqtt.software import Software
from ravatard.ports.broker import BrokerMessage, Publication
from tests.unit.mqtt.fakes import FakeConnection
from tests.unit.web.metrics.fakes import FakeHandler


def home(topics: Topics, software: Software | None = None) -> tuple[HomeAssistant, FakeConnection]:
    connection = FakeConnection()
    facts, software = DeviceFacts("Kitchen", "1"), software or Software("1")
    parts = HomeParts(topics, facts, software, EventQueue(), lambda: 0.5)
    return HomeAssistant(parts, connection, FakeHandler()), connection


async def test_it_is_announced_in_order_and_kept() -> None:
    one, connection = home(Topics("ravatard", "me"))

    await one.announce()

    assert connection.names() == ["config", "state", "update", "availability"]
    assert all(message.retained and message.sure for message in connection.published)
    assert one.filters == ("ravatard/me/+/set", "homeassistant/status")


async def test_without_discovery_the_rest_is_told_all_the_same() -> None:
    one, connection = home(Topics("ravatard", "me", ""))

    await one.announce()

    assert connection.names() == ["state", "update", "availability"]
    assert one.filters == ("ravatard/me/+/set",)


async def test_a_newer_version_found_while_it_is_announced_is_told() -> None:
    software = Software("1")
    one, connection = home(Topics("ravatard", "me"), software)
    await one.announce()
    software.latest = "2"
    software.changed.set()
    async with asyncio.TaskGroup() as group:
        tasks = asyncio.all_tasks()
        one.start(group)
        await asyncio.sleep(1.0)
        for task in asyncio.all_tasks() - tasks:
            task.cancel()

    updates = [message.payload for message in connection.published if message.topic.endswith("/update")]
    assert b'"latest_version":"2"' in updates[-1]


class LiveHandler(FakeHandler):
    """Tells each new state to those who watch."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = asyncio.Event()

    def talk(self, talk: str) -> None:
        self.report = {**self.report, "talk": talk}
        self._changed.set()

    async def answers(self, line: bytes) -> AsyncGenerator[bytes, None]:
        async for reply in super().answers(line):
            yield reply
        while json.loads(line)["do"] == "watch":
            self._changed.clear()
            await self._changed.wait()
            yield agreed("it changed", status=self.report)


class SlowBroker(FakeConnection):
    """Confirms what it is given after a second."""

    async def publish(self, message: Publication) -> None:
        await super().publish(message)
        await asyncio.sleep(1.0)


async def test_a_state_that_goes_out_while_another_is_confirmed_is_the_last_one_that_was_sent() -> None:
    """Else a change back is taken for no news, and Home Assistant shows a turn that is over."""
    connection, handler = SlowBroker(), LiveHandler()
    parts = HomeParts(
        Topics("ravatard", "me"), DeviceFacts("Kitchen", "1"), Software("1"), EventQueue(), lambda: 0.0
    )
    one = HomeAssistant(parts, connection, handler)
    await one.announce()
    async with asyncio.TaskGroup() as group:
        tasks = asyncio.all_tasks()
        one.start(group)
        await asyncio.sleep(10.0)
        one.take(BrokerMessage("homeassistant/status", b"online"), group)
        # The discovery message takes a second, and then the state.
        await asyncio.sleep(1.2)
        handler.talk("listening")
        await asyncio.sleep(10.0)
        handler.talk("idle")
        await asyncio.sleep(10.0)
        for task in asyncio.all_tasks() - tasks:
            task.cancel()

    states = [json.loads(one.payload) for one in connection.published if one.topic.endswith("/state")]
    assert [one["talk"] for one in states] == ["idle", "idle", "listening", "idle"]
