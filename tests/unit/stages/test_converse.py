"""The hub hands out what the conversation decides, and waits for nobody."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio_format import silence
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.indication import Look, Show
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import Cause, CloseReason
from ravatard.ports.host import Observer
from ravatard.stages.converse import Hub
from ravatard.stages.mailbox import Inbox, Latest, Outbox
from ravatard.stages.playing.null_player import NullAnswerPlayer
from tests.unit.stages.fakes import CAPABILITIES, FakeEar, running
from tests.virtual_time import VirtualTimeLoop

OPTIONS = ConversationOptions(
    SessionOptions(), TurnOptions(), GateOptions(mode="both", longest_s=15.0), has_button=True
)


class Watcher:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.events: list[ev.Event] = []
        self.times: list[float] = []
        self.actions: list[object] = []

    def on_event(self, event: ev.Event, now: float) -> None:
        self.events.append(event)
        self.times.append(now)

    def on_action(self, action: object, now: float) -> None:
        self.actions.append(action)


class Desk:
    """A hub with everything around it."""

    def __init__(self, limit_ms: float = 30_000.0) -> None:
        self.conversation = Conversation(OPTIONS)
        self.ear, self.inbox, self.outbox = FakeEar(), Inbox(), Outbox(limit_ms)
        self.shown = Latest(self.conversation.indication)
        self.watcher = Watcher()
        self.watched_by(self.watcher)

    def watched_by(self, *observers: Observer) -> None:
        player = NullAnswerPlayer(Inbox())
        self.hub = Hub(self.conversation, self.ear, self.outbox, self.shown, player, observers)

    def happens(self, *events: ev.Event) -> None:
        for event in events:
            self.inbox.put(event)

    def speaks(self, chunks: int) -> None:
        self.happens(
            ev.MicrophoneReady("usb"),
            ev.LinkConnecting(),
            ev.LinkOnline(CAPABILITIES),
            ev.UtteranceOpened(1, Cause.VOICE, 0),
            *(ev.ChunkCaptured(1, n, n * 4096, silence(4096), 0.0) for n in range(chunks)),
        )


async def test_actions_go_where_they_belong_and_observers_see_both() -> None:
    desk = Desk()

    async with running(lambda: desk.hub.run(desk.inbox)):
        desk.speaks(chunks=2)
        desk.happens(ev.ButtonPressed(0.0), ev.ButtonReleased(0.0))
        await asyncio.sleep(0.01)

        assert [await desk.outbox.get() for _ in range(3)] == [
            act.StartSession(1),
            act.SendAudio(1, silence(4096), 0.0),
            act.SendAudio(1, silence(4096), 0.0),
        ]

    assert desk.ear.commands == [act.Press(), act.Release()]
    assert (await desk.shown.changed()).look is Look.LISTENING
    assert desk.watcher.events[0] == ev.MicrophoneReady("usb")
    assert any(isinstance(action, Show) for action in desk.watcher.actions)
    assert len(desk.watcher.events) == 8


async def test_the_clock_is_an_event_when_the_conversation_asks_for_it() -> None:
    desk = Desk()

    async with running(lambda: desk.hub.run(desk.inbox)):
        desk.speaks(chunks=1)
        desk.happens(ev.SessionStarted(), ev.MessageSent(1, 0.0, 0.0))
        desk.happens(ev.UtteranceClosed(1, CloseReason.SILENCE, 4096, 100.0))
        await asyncio.sleep(0.3)

    sent = [action for action in desk.watcher.actions if isinstance(action, act.SendAudio)]
    assert [action.read_at for action in sent] == [0.0, None]


async def test_a_tick_that_an_event_made_needless_comes_at_its_own_time() -> None:
    desk = Desk()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)

    async with running(lambda: desk.hub.run(desk.inbox)):
        desk.speaks(chunks=1)
        desk.happens(ev.SessionStarted(), ev.MessageSent(1, 0.0, 0.0))
        desk.happens(ev.UtteranceClosed(1, CloseReason.SILENCE, 4096, 100.0))
        await asyncio.sleep(0.01)
        due = desk.conversation.deadline
        assert due is not None
        # The daemon is late: the answer and the tick are found in one turn of the loop, in this order.
        loop.call_at(due - 0.002, loop.jump, 0.1)
        loop.call_at(due - 0.001, desk.inbox.put, ev.Answered("hello"))
        await asyncio.sleep(0.5)

    assert desk.watcher.events[-2:] == [ev.Answered("hello"), ev.Tick()]
    assert desk.watcher.times[-2:] == pytest.approx([due + 0.098] * 2)


async def test_no_tick_comes_after_the_hub_has_ended() -> None:
    desk = Desk()
    async with running(lambda: desk.hub.run(desk.inbox)):
        desk.speaks(chunks=1)
        await asyncio.sleep(0.01)

    await asyncio.sleep(60.0)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await desk.inbox.get()


async def test_an_outbox_that_is_full_cancels_the_utterance_as_a_whole() -> None:
    desk = Desk(limit_ms=512.0)

    async with running(lambda: desk.hub.run(desk.inbox)):
        desk.speaks(chunks=5)
        await asyncio.sleep(0.01)

    assert len(desk.outbox) == 0
    ended = [action for action in desk.watcher.actions if isinstance(action, act.TurnEnded)]
    assert len(ended) == 1


async def test_what_an_owner_should_know_is_logged_by_its_weight(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()

    with caplog.at_level(logging.INFO):
        desk.speaks(chunks=1)
        desk.happens(ev.MessageSent(1, 0.0, 0.0), ev.UtteranceClosed(1, CloseReason.SILENCE, 0, 0))
        desk.happens(ev.Answered("private words"), ev.MicrophoneLost("unplugged"), ev.PlaybackStarted(0.0))
        desk.happens(ev.ButtonPressed(0.0))
        async with running(lambda: desk.hub.run(desk.inbox)):
            await asyncio.sleep(0.01)

    levels = {record.message: record.levelname for record in caplog.records}
    assert levels["microphone open: usb"] == "INFO"
    assert levels["no microphone: unplugged"] == "WARNING"
    assert any(text.startswith("turn 1: answered after 0.0 s") for text in levels)
    assert any(text.startswith("live session: starting") for text in levels)
    assert "private words" not in caplog.text


async def test_cancelling_ends_it_between_two_events() -> None:
    desk = Desk()

    async with running(lambda: desk.hub.run(desk.inbox)) as task:
        await asyncio.sleep(1.0)

    assert task.cancelled()
