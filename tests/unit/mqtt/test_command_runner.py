"""Commands are answered once; too many at once are dropped, and an answer goes to no odd place."""

from __future__ import annotations

import asyncio
import json

from ravatard.core.homeassistant.topics import Topics
from ravatard.mqtt.command_runner import MOST_AT_ONCE, CommandRunner
from ravatard.mqtt.software import Software
from ravatard.ports.broker import BrokerMessage
from tests.unit.mqtt.fakes import FakeConnection
from tests.unit.web.metrics.fakes import FakeHandler

TOPICS = Topics("ravatard", "me")


def runner(restarts: list[str] | None = None) -> CommandRunner:
    restart = (lambda: None) if restarts is None else lambda: restarts.append("restart")
    return CommandRunner(TOPICS, FakeHandler(), Software("1"), restart)


async def carried_out(*messages: BrokerMessage, by: CommandRunner | None = None) -> FakeConnection:
    connection, commands = FakeConnection(), by or runner()
    async with asyncio.TaskGroup() as group:
        for message in messages:
            commands.take(message, connection, group)
    return connection


async def test_too_many_at_once_are_dropped_and_counted() -> None:
    message, commands = BrokerMessage("ravatard/me/mute/set", b"ON"), runner()

    connection = await carried_out(*[message] * (MOST_AT_ONCE + 3), by=commands)

    assert connection.names() == ["result"] * MOST_AT_ONCE
    assert commands.dropped == 3


async def test_other_topics_and_the_end_of_a_retained_command_are_ignored() -> None:
    connection = await carried_out(
        BrokerMessage("ravatard/other/mute/set", b"ON"),
        BrokerMessage("ravatard/me/mute/set", b"", retained=True),
    )

    assert connection.published == []


async def test_what_clears_a_retained_command_while_we_listen_is_none() -> None:
    # A broker passes it on without the mark of a retained message, as to every subscriber that is there.
    restarts: list[str] = []
    for name in ("restart", "update", "press", "restart-session", "say", "mute", "volume"):
        message = BrokerMessage(f"ravatard/me/{name}/set", b"")
        connection = await carried_out(message, by=runner(restarts))

        (answer,) = (json.loads(one.payload) for one in connection.published)
        assert answer["ok"] is False, name
        assert "empty" in answer["error"]
    await asyncio.sleep(1.0)
    assert restarts == []


async def test_an_answer_goes_to_no_wildcard_and_no_topic_of_the_broker() -> None:
    for odd in ("a/#", "+/a", "$SYS/a", "x" * 999):
        connection = await carried_out(BrokerMessage("ravatard/me/mute/set", b"ON", reply_to=odd))
        assert connection.names() == ["result"]
    connection = await carried_out(BrokerMessage("ravatard/me/mute/set", b"ON", reply_to="a/b"))
    assert connection.names() == ["result", "b"]
