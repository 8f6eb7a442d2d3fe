"""It is connected again and again, counts what was dropped on the way, and is quiet while nothing happens."""

from __future__ import annotations

import asyncio

from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.homeassistant.discovery import DeviceFacts
from ravatard.core.homeassistant.topics import Topics
from ravatard.mqtt.adapter import MqttAdapter
from ravatard.mqtt.assembly import NoRecord
from ravatard.mqtt.event_queue import EventQueue
from ravatard.mqtt.home import HomeParts
from ravatard.mqtt.software import Software
from ravatard.ports.broker import BrokerMessage, KeptTopics
from tests.unit.mqtt.fakes import FakeBroker, FakeConnection
from tests.unit.web.metrics.fakes import FakeHandler

TOPICS = Topics("ravatard", "me")


def adapter(broker: FakeBroker) -> MqttAdapter:
    parts = HomeParts(
        TOPICS, DeviceFacts("Kitchen", "1"), Software("1"), EventQueue(), lambda: None, lambda: 0.5
    )
    kept = KeptTopics("broker.example", 1_883, TOPICS.kept)
    return MqttAdapter(
        broker, parts, lambda: Backoff(BackoffOptions(first_s=1.0), lambda: 0.5), (NoRecord(), kept)
    )


async def test_what_is_dropped_is_counted_beyond_the_connection_it_came_on() -> None:
    first, second = FakeConnection(), FakeConnection()
    one = adapter(FakeBroker(first, second))
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(one.serve(FakeHandler()))
        await asyncio.sleep(1.0)
        first.dropped = 5
        assert one.counts == {"mqtt_dropped": 5}
        first.comes.put_nowait(None)
        await asyncio.sleep(60.0)
        second.dropped = 2

        assert one.counts == {"mqtt_dropped": 7}
        assert one.faults == ()
        serving.cancel()


async def test_an_appliance_at_rest_publishes_at_most_sixty_messages_an_hour() -> None:
    connection, handler = FakeConnection(), FakeHandler()
    one = adapter(FakeBroker(connection))
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(one.serve(handler))
        for minute in range(60):
            # A sensor never stands still, and the sun comes in.
            handler.report["health"] = {"temperature_c": 48.4 + 0.2 * (minute % 2) + minute / 12}
            await asyncio.sleep(60.0)
        serving.cancel()

    assert len(connection.published) <= 60
    # Five degrees in an hour are shown in steps, not with every swing.
    assert 2 <= connection.names().count("health") <= 4
    assert connection.names().count("config") == 1


async def test_starts_of_home_assistant_in_a_row_are_answered_once() -> None:
    connection = FakeConnection()
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(adapter(FakeBroker(connection)).serve(FakeHandler()))
        await asyncio.sleep(1.0)
        for _ in range(50):
            connection.comes.put_nowait(BrokerMessage("homeassistant/status", b"online"))
        await asyncio.sleep(60.0)
        serving.cancel()

    assert connection.names().count("config") == 2
