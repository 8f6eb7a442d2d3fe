"""One conversation in virtual time: links that break, answers that are late, sessions that cost money."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NoReturn

import pytest

from ravatard.cli.chat.session import ChatSession, NoAnswerError
from ravatard.core import events as ev
from ravatard.core.audio_format import CHUNK_BYTES
from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.states import Refusal
from ravatard.errors import AuthError, BusyError, LinkError, RavatardError
from ravatard.ports.voice import VoiceSink
from tests.assertions import assert_no_complaint
from tests.unit.stages.fakes import CAPABILITIES, FakeCloud, running

CHAT = replace(CAPABILITIES, streams_audio=False, needs_session=False)


class FakeScreen:
    """Remembers what was shown, and when."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.answers: list[tuple[str, str]] = []
        self.took_s: list[float | None] = []

    def state(self, text: str) -> None:
        self.states.append(text)

    def answer(self, name: str, text: str, took_s: float | None) -> None:
        self.answers.append((name, text))
        self.took_s.append(took_s)


class ChatCloud(FakeCloud):
    """Answers after ``thinks_s``; takes whole utterances as well."""

    def __init__(self) -> None:
        super().__init__()
        self.capabilities = CHAT
        self.thinks_s: float | None = 0.8

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[ChatCloud]:
        async with super().connect():
            yield self

    async def voice(self, sink: VoiceSink) -> NoReturn:
        raise AssertionError("a chat listens to no voice")

    async def send_text(self, text: str) -> None:
        await super().send_text(text)
        self.think(text)

    async def send_utterance(self, pcm: bytes) -> None:
        await self._send(f"utterance {len(pcm)}")
        self.think("sound")

    def think(self, text: str) -> None:
        if self.thinks_s is not None:
            answer = ev.Answered(f"you said {text}")
            asyncio.get_running_loop().call_later(self.thinks_s, self.says.put_nowait, answer)


class Room:
    """A conversation at work."""

    def __init__(self) -> None:
        self.cloud = ChatCloud()
        self.screen = FakeScreen()
        self.talk = ChatSession(self.cloud, self.screen, Backoff(BackoffOptions(), lambda: 0.5))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with running(self.talk.keep_connected):
            yield


@pytest.fixture
def room() -> Room:
    return Room()


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_an_answer_is_shown_with_the_time_it_took(room: Room) -> None:
    async with room.open():
        await room.talk.say("hello")

    assert room.screen.answers == [("Ava", "you said hello")]
    assert room.screen.took_s[0] == pytest.approx(0.8)
    assert room.screen.states == ["connecting", "", "sent", ""]


async def test_the_seconds_of_a_long_thought_are_shown(room: Room) -> None:
    room.cloud.thinks_s = 2.5
    async with room.open():
        await room.talk.say("hello")

    assert room.screen.states[-3:] == ["thinking, 1 s", "thinking, 2 s", ""]


async def test_an_answer_that_does_not_come_is_given_up_when_the_service_says_so(room: Room) -> None:
    room.cloud.thinks_s = None
    async with room.open():
        began = now()
        with pytest.raises(NoAnswerError, match="no answer within 30 s"):
            await room.talk.say("hello")

        assert now() - began == pytest.approx(CHAT.answer_timeout_s)


async def test_what_comes_unasked_is_shown_and_answers_nothing(room: Room) -> None:
    async with room.open():
        room.cloud.says.put_nowait(ev.Answered("by the way"))
        await asyncio.sleep(0.1)

    assert room.screen.answers == [("Ava", "by the way")]
    assert room.screen.took_s == [None]


async def test_sound_without_words_is_an_answer(room: Room) -> None:
    room.cloud.thinks_s = None
    async with room.open():
        asyncio.get_running_loop().call_later(1.0, room.cloud.says.put_nowait, ev.Answered("", sound=b"x"))
        await room.talk.say("sing")

    assert room.screen.answers == [("Ava", "(sound without words)")]
    assert room.screen.took_s[0] == pytest.approx(1.0)


async def test_what_is_said_while_offline_is_sent_once_there_is_a_connection(room: Room) -> None:
    room.cloud.refusals = [LinkError("no route"), LinkError("no route")]
    async with room.open():
        await room.talk.say("hello")

    assert room.cloud.connections == 3
    assert room.screen.answers[0][1] == "you said hello"
    assert any(state.startswith("offline: no route; trying again in ") for state in room.screen.states)


async def test_whoever_asks_does_not_wait_for_the_next_attempt(room: Room) -> None:
    room.cloud.refusals = [LinkError("no route") for _ in range(8)]
    async with room.open():
        await asyncio.sleep(20.0)
        before, began = room.cloud.connections, now()
        room.cloud.refusals.clear()
        await room.talk.say("hello")

        assert room.cloud.connections == before + 1
        assert now() - began == pytest.approx(0.8)


async def test_a_service_that_asks_for_patience_gets_it(room: Room) -> None:
    room.cloud.refusals = [LinkError("overloaded", retry_after_s=10.0)]
    async with room.open():
        began = now()
        await room.talk.say("hello")

        assert now() - began >= 10.0


async def test_without_any_connection_it_is_given_up(room: Room) -> None:
    room.cloud.refusals = [LinkError("no route") for _ in range(1_000)]
    async with room.open():
        with pytest.raises(NoAnswerError, match="not said: no connection within 30 s"):
            await room.talk.say("hello")

    assert [entry for entry in room.cloud.log if entry != "closed"] == []


async def test_a_refusal_is_told_and_tried_again_only_when_asked_for(room: Room) -> None:
    room.cloud.refusals = [AuthError("unknown project"), AuthError("unknown project")]
    async with room.open():
        await asyncio.sleep(10_000.0)
        assert room.cloud.connections == 1
        assert room.screen.states[-1] == "refused: unknown project"
        with pytest.raises(AuthError):
            await room.talk.say("hello")
        assert room.cloud.connections == 2

        await room.talk.say("mended?")

    assert room.screen.answers[0][1] == "you said mended?"


async def test_a_link_that_breaks_is_made_anew_and_the_answer_may_still_come(room: Room) -> None:
    async with room.open():
        asyncio.get_running_loop().call_later(0.2, room.cloud.says.put_nowait, LinkError("cut"))
        await room.talk.say("hello")

    assert room.cloud.connections == 2
    assert room.screen.answers[0][1] == "you said hello"


async def test_an_outdated_connection_is_replaced_but_not_under_a_question(room: Room) -> None:
    async with room.open():
        asyncio.get_running_loop().call_later(0.1, room.cloud.renewed.set)
        await room.talk.say("hello")
        assert room.cloud.connections == 1
        await asyncio.sleep(0.1)

        assert room.cloud.connections == 2
        assert not any(state.startswith("offline") for state in room.screen.states)


async def test_in_chat_mode_a_recording_goes_out_whole(room: Room) -> None:
    async with room.open():
        await room.talk.say_sound(bytes(50_000))

    assert "utterance 50000" in room.cloud.log
    assert "start" not in room.cloud.log


# ---------------------------------------------------------------------- live mode


@pytest.fixture
def live(room: Room) -> Room:
    room.cloud.capabilities = CAPABILITIES
    return room


async def test_in_live_mode_a_session_is_started_first(live: Room) -> None:
    async with live.open():
        await live.talk.say("hello")

        assert live.cloud.log == ["start", "started", "text hello"]
        assert live.talk.holding
        await live.talk.rest()

    assert live.cloud.log[3] == "end"
    assert not live.talk.holding


async def test_a_session_that_is_not_to_be_had_leaves_the_question_unsaid(live: Room) -> None:
    live.cloud.session_errors = [BusyError("all avatars are busy")]
    async with live.open():
        with pytest.raises(BusyError):
            await live.talk.say("hello")

    assert live.cloud.log == ["start", "closed"]


async def test_in_live_mode_a_recording_is_streamed_as_fast_as_it_was_spoken_then_silence(live: Room) -> None:
    live.cloud.thinks_s = None
    async with live.open():
        loop = asyncio.get_running_loop()
        loop.call_later(4 * 0.256 + 2.0, live.cloud.says.put_nowait, ev.Answered("I see"))
        await live.talk.say_sound(bytes(4 * CHUNK_BYTES - 10))
        sent = [entry for entry in live.cloud.log if entry.startswith("audio")]

    assert sent[:4] == [f"audio {CHUNK_BYTES}"] * 3 + [f"audio {CHUNK_BYTES - 10}"]
    # Two seconds until the answer are eight pieces of silence.
    assert len(sent) == 4 + 8
    assert live.screen.answers == [("Ava", "I see")]
    assert live.screen.took_s[0] == pytest.approx(2.0, abs=0.3)


async def test_silence_is_not_streamed_for_ever(live: Room) -> None:
    live.cloud.thinks_s = None
    async with live.open():
        with pytest.raises(NoAnswerError):
            await live.talk.say_sound(bytes(CHUNK_BYTES))

    assert len([entry for entry in live.cloud.log if entry.startswith("audio")]) == 1 + 20


async def test_an_early_answer_does_not_leave_the_services_ear_open(live: Room) -> None:
    async with live.open():
        asyncio.get_running_loop().call_later(0.3, live.cloud.says.put_nowait, ev.Answered("yes?"))
        await live.talk.say_sound(bytes(4 * CHUNK_BYTES))

    assert len([entry for entry in live.cloud.log if entry.startswith("audio")]) == 4 + 4


@pytest.mark.parametrize(
    ("refusal", "done"), [(Refusal.FAILED, ["end"]), (Refusal.EXPIRED, ["forget"]), (Refusal.TIMEOUT, [])]
)
async def test_a_stream_in_trouble_ends_the_question_and_maybe_the_session(
    live: Room, refusal: Refusal, done: list[str]
) -> None:
    live.cloud.thinks_s = None
    async with live.open():
        asyncio.get_running_loop().call_later(
            1.0, live.cloud.says.put_nowait, ev.StreamBroke(refusal, "broke")
        )
        with pytest.raises(NoAnswerError, match="broke"):
            await live.talk.say("hello")

        assert live.cloud.log[3:] == done
        assert live.talk.holding is (refusal is Refusal.TIMEOUT)


async def test_a_stream_in_trouble_ends_a_recording(live: Room) -> None:
    async with live.open():
        loop = asyncio.get_running_loop()
        loop.call_later(0.3, live.cloud.says.put_nowait, ev.StreamBroke(Refusal.FAILED, "broke"))
        with pytest.raises(NoAnswerError, match="broke"):
            await live.talk.say_sound(bytes(40 * CHUNK_BYTES))

    assert len([entry for entry in live.cloud.log if entry.startswith("audio")]) == 2


async def test_a_message_that_cannot_be_sent_is_told(room: Room) -> None:
    room.cloud.send_errors = [LinkError("the socket broke")]
    async with room.open():
        with pytest.raises(RavatardError, match="the socket broke"):
            await room.talk.say("hello")
        await room.talk.say("again")

    assert room.screen.answers[0][1] == "you said again"


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.3, 1.0])
async def test_it_can_be_cancelled_anywhere(live: Room, after_s: float) -> None:
    live.cloud.connect_s = live.cloud.start_s = live.cloud.send_s = 0.1
    with assert_no_complaint():
        async with live.open(), running(lambda: live.talk.say("hello")):
            await asyncio.sleep(after_s)


async def test_a_recording_to_a_service_that_is_told_ends_with_a_mark(live: Room) -> None:
    live.cloud.capabilities = replace(CAPABILITIES, marks_utterances=True)
    async with live.open():
        loop = asyncio.get_running_loop()
        loop.call_later(4 * 0.256 + 2.0, live.cloud.says.put_nowait, ev.Answered("I see"))
        await live.talk.say_sound(bytes(4 * CHUNK_BYTES))

    assert live.cloud.log[2:7] == [f"audio {CHUNK_BYTES}"] * 4 + ["end"]
    assert live.screen.took_s[0] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("said", "why"),
    [(ev.TurnFailed("the recogniser is away"), "recogniser is away"), (ev.NothingSaid(), "no words")],
)
async def test_a_question_that_fails_is_told_with_its_reason_and_the_session_stays(
    live: Room, said: ev.ServiceMessage, why: str
) -> None:
    live.cloud.thinks_s = None
    async with live.open():
        loop = asyncio.get_running_loop()
        loop.call_later(0.2, live.cloud.says.put_nowait, ev.ServiceHearing(True, "no ear"))
        loop.call_later(0.3, live.cloud.says.put_nowait, said)
        with pytest.raises(NoAnswerError, match=why):
            await live.talk.say("hello")
        assert live.talk.holding
