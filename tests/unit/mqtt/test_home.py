"""What there is, how it is, and that it is there are told in this order."""

from __future__ import annotations

import asyncio

from ravatard.core.homeassistant.discovery import DeviceFacts
from ravatard.core.homeassistant.topics import Topics
from ravatard.mqtt.event_queue import EventQueue
from ravatard.mqtt.home import HomeAssistant, HomeParts
from ravatard.mqtt.software import Software
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
