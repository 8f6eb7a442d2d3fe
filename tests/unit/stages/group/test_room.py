"""The room's claims between microphone and hub: held, passed on, dropped, and what is told of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from ravatard.core import events as ev
from ravatard.core.audio.microphone_events import MicrophoneEvent
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.group.room_claims import HOLD_S, LEASE_S, OUTSTAYED_S
from ravatard.core.group.room_messages import Opener, RoomMessage, RoomVerb
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import Cause, TalkState
from ravatard.errors import InternalError
from ravatard.ports.group import Room
from ravatard.stages.group.room import RoomStage
from ravatard.stages.mailbox import Inbox
from tests.unit.stages.fakes import CAPABILITIES, running

OPTIONS = ConversationOptions(SessionOptions(), TurnOptions(), GateOptions(), has_button=False)
OPENED = ev.UtteranceOpened(1, Cause.VOICE, 0)


class FakeLink:
    """A channel that says what a test says."""

    def __init__(self) -> None:
        self.said: list[RoomVerb] = []
        self.queue: asyncio.Queue[bytes | bool | None] = asyncio.Queue()

    def say(self, message: bytes) -> None:
        self.said.append(RoomVerb(message.decode().split('"do":"')[1].split('"')[0]))

    async def news(self) -> AsyncIterator[bytes | bool]:
        while (news := await self.queue.get()) is not None:
            yield news

    def hears(self, sender: str, verb: RoomVerb, by: Opener = Opener.VOICE) -> None:
        self.queue.put_nowait(RoomMessage(sender, verb, by).encoded())


class Standing:
    """A stage, and the hub as far as it matters: events are handled when a test says so."""

    def __init__(self) -> None:
        self.link, self.inbox, self.conversation = FakeLink(), Inbox(), Conversation(OPTIONS)
        self.stage = RoomStage(Room(self.link, "me", "lobby"), self.inbox, self.conversation)
        self.handle(ev.MicrophoneReady("usb"))
        self.handle(ev.LinkOnline(CAPABILITIES))

    def handle(self, event: ev.Event) -> None:
        now = asyncio.get_running_loop().time()
        self.stage.on_event(event, now)
        for action in self.conversation.handle(event, now):
            self.stage.on_action(action, now)

    def hear(self, event: MicrophoneEvent = OPENED) -> None:
        for admitted in self.stage.admit(event):
            self.inbox.put(admitted)

    async def work_off(self) -> list[ev.Event]:
        """Handle what is in the inbox."""
        await asyncio.sleep(0.001)
        worked: list[ev.Event] = []
        while self.inbox._queue.qsize():
            event = await self.inbox.get()
            worked.append(event)
            self.handle(event)
        return worked


async def in_company(standing: Standing) -> None:
    standing.link.queue.put_nowait(True)
    standing.link.hears("other", RoomVerb.HERE)
    await asyncio.sleep(0.001)


async def test_what_is_held_is_handled_once_it_is_ours_and_the_room_is_kept_until_the_end() -> None:
    standing = Standing()
    async with running(standing.stage.run):
        await in_company(standing)
        standing.hear()
        assert await standing.work_off() == []
        standing.link.hears("me", RoomVerb.CLAIM)
        assert await standing.work_off() == [OPENED]
        assert standing.conversation.talk is TalkState.LISTENING
        await asyncio.sleep(LEASE_S)

        assert standing.link.said == [RoomVerb.HELLO, RoomVerb.CLAIM, RoomVerb.RENEW, RoomVerb.RENEW]


async def test_what_another_one_answers_never_reaches_the_hub() -> None:
    standing = Standing()
    async with running(standing.stage.run):
        await in_company(standing)
        standing.hear()
        standing.link.hears("other", RoomVerb.CLAIM)
        standing.link.hears("me", RoomVerb.CLAIM)

        assert await standing.work_off() == []
        assert standing.conversation.talk is TalkState.IDLE


async def test_a_turn_that_was_begun_too_early_is_given_up_in_silence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    standing = Standing()
    async with running(standing.stage.run):
        await in_company(standing)
        standing.hear()
        await asyncio.sleep(HOLD_S)
        assert await standing.work_off() == [OPENED]
        standing.link.hears("other", RoomVerb.CLAIM)

        assert await standing.work_off() == [ev.AnsweredElsewhere()]
        assert standing.conversation.talk is TalkState.IDLE
    assert [record.message for record in caplog.records if record.name == "ravatard"] == [
        "another appliance of group lobby answers"
    ]


async def test_one_that_never_lets_go_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    standing = Standing()
    async with running(standing.stage.run):
        await in_company(standing)
        for _ in range(round(1.5 * OUTSTAYED_S / LEASE_S) + 1):
            standing.link.hears("other", RoomVerb.RENEW)
            await asyncio.sleep(LEASE_S - 1.0)
            standing.link.hears("other", RoomVerb.RENEW)
            await asyncio.sleep(1.0)
        standing.hear()
        standing.link.hears("me", RoomVerb.CLAIM)

        assert await standing.work_off() == [OPENED]
    assert ["other has kept group lobby" in record.message for record in caplog.records].count(True) == 1


async def test_without_the_others_everything_is_handled_and_that_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    standing = Standing()
    async with running(standing.stage.run):
        for _ in range(3):
            standing.link.queue.put_nowait(False)
        await asyncio.sleep(0.001)
        standing.hear()

        assert await standing.work_off() == [OPENED]
    assert [record.levelname for record in caplog.records if record.name == "ravatard"] == ["WARNING"]
    assert "group lobby is out of reach" in caplog.text


async def test_news_that_end_are_a_bug() -> None:
    standing = Standing()
    standing.link.queue.put_nowait(None)

    with pytest.raises(ExceptionGroup) as caught:
        await standing.stage.run()
    assert isinstance(caught.value.exceptions[0], InternalError)
