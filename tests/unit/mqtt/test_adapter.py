"""It is connected again and again, counts what was dropped on the way, and is quiet while nothing happens."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.homeassistant.discovery import DeviceFacts
from ravatard.core.homeassistant.topics import Topics
from ravatard.mqtt.adapter import ECHO_S, MARK_AGAIN_S, MqttAdapter, patience_of
from ravatard.mqtt.event_queue import EventQueue
from ravatard.mqtt.home import HomeParts
from ravatard.mqtt.software import Software
from ravatard.ports.broker import BrokerMessage, KeptTopics
from tests.unit.mqtt.fakes import FakeBroker, FakeConnection, MemoryRecord
from tests.unit.web.metrics.fakes import FakeHandler

TOPICS = Topics("ravatard", "me")


def adapter(
    broker: FakeBroker, *, leaves_none: bool = False, record: MemoryRecord | None = None
) -> MqttAdapter:
    parts = HomeParts(TOPICS, DeviceFacts("Kitchen", "1"), Software("1"), EventQueue(), lambda: 0.5)
    kept = KeptTopics("broker.example", 1_883, TOPICS.kept)
    pauses = patience_of(BackoffOptions())
    noted = None if leaves_none else record or MemoryRecord()
    return MqttAdapter(broker, parts, lambda: Backoff(pauses, lambda: 0.99), (noted, kept))


def told(one: MqttAdapter) -> str:
    return "; ".join(one.faults)


@pytest.mark.parametrize("leaves_none", [True, False])
async def test_a_run_without_a_record_leaves_nothing_at_the_broker(*, leaves_none: bool) -> None:
    connection = FakeConnection(echoes=True)
    one = adapter(FakeBroker(connection), leaves_none=leaves_none)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(one.serve(FakeHandler()))
        await asyncio.sleep(1.0)
        before = len(connection.published)
        serving.cancel()

    said, *cleared = connection.published[before:]
    assert (said.topic, said.payload) == ("ravatard/me/availability", b"offline")
    assert {message.topic for message in cleared} == (set(TOPICS.kept) if leaves_none else set())
    assert all(message.retained and not message.payload for message in cleared)


def test_a_card_that_is_slow_to_take_the_record_stops_nothing_else() -> None:
    writing: list[int] = []

    class Noting(MemoryRecord):
        def write(self, kept: KeptTopics) -> None:
            writing.append(threading.get_ident())
            super().write(kept)

    record, connection = Noting(), FakeConnection(echoes=True)

    async def connect() -> None:
        one = adapter(FakeBroker(connection), record=record)
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(one.serve(FakeHandler()))
            while "availability" not in connection.names():  # noqa: ASYNC110 - of a loop with a real thread
                await asyncio.sleep(0.001)
            serving.cancel()

    # A loop in real time: the one of the other tests has no threads.
    with asyncio.Runner() as runner:
        runner.run(connect())

    assert record.kept is not None
    assert writing
    assert threading.get_ident() not in writing


async def test_a_machine_without_another_thread_connects_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    first, second = FakeConnection(echoes=True), FakeConnection(echoes=True)
    one = adapter(FakeBroker(first, second))
    async with asyncio.TaskGroup() as group:
        with monkeypatch.context() as patch:
            patch.setattr("asyncio.to_thread", refused)
            serving = group.create_task(one.serve(FakeHandler()))
            await asyncio.sleep(0.5)
            assert "can't start new thread" in told(one)
            # Nothing that the broker keeps is sent before it is noted.
            assert first.names() == ["availability"]
        await asyncio.sleep(60.0)

        assert told(one) == ""
        assert "config" in second.names()
        serving.cancel()


async def test_what_is_dropped_is_counted_beyond_the_connection_it_came_on() -> None:
    first, second = FakeConnection(echoes=True), FakeConnection(echoes=True)
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
        assert told(one) == ""
        serving.cancel()


async def test_after_an_hour_without_a_broker_it_is_back_within_half_a_minute() -> None:
    broker = FakeBroker()
    one = adapter(broker)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(one.serve(FakeHandler()))
        await asyncio.sleep(3_600.0)
        assert told(one) == "no MQTT: it is not reached"
        broker.connections.append(FakeConnection(echoes=True))
        await asyncio.sleep(30.0)

        assert told(one) == ""
        # Neither is a broker that is away asked all the time.
        assert 100 < len(broker.wills) < 400
        serving.cancel()


async def test_a_broker_whose_rules_let_nothing_pass_is_named_until_it_does() -> None:
    connection = FakeConnection()
    one = adapter(FakeBroker(connection, FakeConnection(echoes=True)))
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(one.serve(FakeHandler()))
        await asyncio.sleep(ECHO_S - 1.0)
        assert told(one) == ""
        await asyncio.sleep(2.0)
        assert "ravatard/me/#" in told(one)
        connection.comes.put_nowait(None)
        await asyncio.sleep(60.0)

        assert told(one) == ""
        serving.cancel()


async def test_a_mark_that_comes_late_or_after_the_rules_were_corrected_ends_the_fault() -> None:
    late, corrected = FakeConnection(), FakeConnection()
    one = adapter(FakeBroker(late, corrected))
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(one.serve(FakeHandler()))
        await asyncio.sleep(ECHO_S + 1.0)
        assert "ravatard/me/#" in told(one)
        mark = next(message for message in late.published if message.topic == "ravatard/me/instance")
        late.comes.put_nowait(BrokerMessage(mark.topic, mark.payload))
        await asyncio.sleep(1.0)
        assert told(one) == ""

        late.comes.put_nowait(None)
        await asyncio.sleep(60.0)
        assert "ravatard/me/#" in told(one)
        corrected.echoes = True
        await asyncio.sleep(MARK_AGAIN_S)

        assert told(one) == ""
        assert corrected.names().count("instance") == 2
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
