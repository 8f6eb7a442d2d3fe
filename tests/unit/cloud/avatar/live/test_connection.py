"""Messages for the core, in order, until there are too many; and what a connection refuses."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ravatard.cloud.avatar.live.connection import AvatarConnection, Messages
from ravatard.cloud.avatar.live.held import CreatedSession, HeldSession
from ravatard.cloud.avatar.live.questions import Questions
from ravatard.cloud.avatar.live.starts import SessionStarts
from ravatard.cloud.avatar.live.uploads import SocketUpload
from ravatard.cloud.avatar.options import AvatarOptions, AvatarVoiceOptions
from ravatard.cloud.avatar.report import report
from ravatard.cloud.avatar.sessions.intents import Clocks
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.option_groups import CloudOptions
from ravatard.core.events import Answered, NothingSaid, TurnFailed
from ravatard.errors import InternalError, LinkError, RavatardError, TurnError
from tests.unit.cloud.avatar.live.test_calls import ScriptedNetwork, calls, reply
from tests.unit.cloud.avatar.world import PLAIN, AvatarWorld


async def test_messages_come_in_order_and_an_error_after_them() -> None:
    messages = Messages()
    messages.put(NothingSaid())
    messages.put(TurnFailed("no"))
    messages.put(LinkError("gone"))

    assert [await messages.get(), await messages.get()] == [NothingSaid(), TurnFailed("no")]
    with pytest.raises(LinkError, match="gone"):
        await messages.get()


async def test_too_many_messages_end_the_connection() -> None:
    messages = Messages()
    for _ in range(100):
        messages.put(NothingSaid())

    async def drain() -> None:
        while True:
            await messages.get()

    with pytest.raises(LinkError, match="more at once"):
        await drain()


async def test_a_connection_takes_chunks_and_marks_only_what_was_sent() -> None:
    world = AvatarWorld()

    async with world.connected() as connection:
        assert isinstance(connection, AvatarConnection)
        with pytest.raises(InternalError):
            await connection.send_utterance(bytes(2))
        with pytest.raises(TurnError):
            await connection.end_utterance()
        await connection.cancel_utterance()
        await connection.interrupt()

    assert world.session_count == 0


async def test_a_newer_question_takes_the_place_of_one_that_waits_for_its_answer() -> None:
    world = AvatarWorld(replace(PLAIN, talk=replace(PLAIN.talk, chat_beside=False)))

    async with world.connected() as connection:
        await world.cloud.start_session()
        for number in range(6):
            await connection.send_text(f"Question {number}?")
        await asyncio.sleep(20.0)

    assert [one.text for one in world.said if isinstance(one, Answered)] == ["I heard you."]
    assert len(world.sink.answers) == 1


async def test_a_socket_that_is_not_open_takes_nothing() -> None:
    world = AvatarWorld()
    async with world.connected():
        await world.cloud.start_session()
        held = world.cloud.run.held
        assert isinstance(held, HeldSession)
        assert isinstance(held.created, CreatedSession)
        upload = SocketUpload(held, "wav")
        await upload.begin()
        world.network.sockets_down = True
        world.network.drop_sockets()
        with pytest.raises(TurnError, match="broke"):
            await upload.end()
        with pytest.raises(TurnError):
            await held.send("{}")


async def test_the_report_has_no_secrets_and_says_what_is_known() -> None:
    world = AvatarWorld()
    async with world.connected():
        await world.cloud.start_session()
        cloud = world.cloud
        lines = dict(report(cloud.run, cloud.keeper, cloud.calls, 2))

    assert lines["voice by"] == "socket (not tried yet)"
    assert lines["socket"].startswith("open, avatar ")
    assert lines["unknown starts"].startswith("2;")
    assert world.session.session_id not in str(lines)


@pytest.mark.parametrize(
    ("status", "left"),
    [
        *((status, 0) for status in (400, 401, 404, 415, 422, 429, 503)),
        *((status, 1) for status in (200, 202, 303, 408, 409, 500, 502, 504)),
    ],
)
async def test_an_intent_stays_only_while_a_session_may_have_been_made(status: int, left: int) -> None:
    network = ScriptedNetwork(reply(status, {"odd": True}, "60"))
    resources = CloudResources(network=network, user_id="", chance=lambda: 0.5)
    starts = SessionStarts(CloudOptions(), resources, calls(network), lambda: Clocks(1_000.0))

    with pytest.raises(RavatardError):
        await starts.start()

    assert len(starts.ledger.intents()) == left


async def test_questions_wait_for_their_turn_and_are_dropped_together() -> None:
    world, told = AvatarWorld(), list[object]()
    questions = Questions(
        world.cloud.calls, AvatarOptions(), AvatarVoiceOptions(), world.cloud.keeper, told.append
    )
    for _ in range(4):
        questions.put("Hello?")
    with pytest.raises(TurnError):
        questions.put("Hello?")

    questions.drop()
    questions.put("Hello?")

    assert told == []
