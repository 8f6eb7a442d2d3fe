"""Commands are answered once; too many at once are dropped, and an answer goes to no odd place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

from ravatard.core.control.protocol import agreed
from ravatard.core.homeassistant.topics import Topics
from ravatard.mqtt.command_runner import MOST_AT_ONCE, CommandRunner
from ravatard.mqtt.software import Software
from ravatard.ports.broker import BrokerMessage
from tests.unit.mqtt.fakes import FakeConnection
from tests.unit.web.metrics.fakes import FakeHandler

TOPICS = Topics("ravatard", "me")


def runner(handler: FakeHandler | None = None) -> CommandRunner:
    return CommandRunner(TOPICS, handler or FakeHandler(), Software("1"))


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
    handler = FakeHandler()
    for name in ("restart", "update", "press", "restart-session", "say", "mute", "volume"):
        message = BrokerMessage(f"ravatard/me/{name}/set", b"")
        connection = await carried_out(message, by=runner(handler))

        (answer,) = (json.loads(one.payload) for one in connection.published)
        assert answer["ok"] is False, name
        assert "empty" in answer["error"]
    assert handler.asked == []


class Restarting(FakeHandler):
    """Notes when it would end the daemon: after its reply was dealt with."""

    def __init__(self, connection: FakeConnection) -> None:
        super().__init__()
        self._connection = connection
        self.published_before: list[str] = []

    async def answers(self, line: bytes) -> AsyncGenerator[bytes, None]:
        self.asked.append(json.loads(line))
        try:
            yield agreed("restarting")
        finally:
            self.published_before = self._connection.names()


async def test_a_restart_is_a_request_that_may_be_refused_and_its_answer_goes_out_first() -> None:
    connection = FakeConnection()
    handler = Restarting(connection)
    async with asyncio.TaskGroup() as group:
        runner(handler).take(BrokerMessage("ravatard/me/restart/set", b"PRESS"), connection, group)

    assert handler.asked == [{"do": "restart"}]
    assert handler.published_before == ["result"]


async def test_an_answer_goes_to_no_wildcard_and_no_topic_of_the_broker() -> None:
    for odd in ("a/#", "+/a", "$SYS/a", "x" * 999):
        connection = await carried_out(BrokerMessage("ravatard/me/mute/set", b"ON", reply_to=odd))
        assert connection.names() == ["result"]
    connection = await carried_out(BrokerMessage("ravatard/me/mute/set", b"ON", reply_to="a/b"))
    assert connection.names() == ["result", "b"]
