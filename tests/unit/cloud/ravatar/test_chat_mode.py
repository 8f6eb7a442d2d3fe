"""RAVATAR without a live session: chat mode, mode auto, the history, against the simulated service."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from ravatard.cloud.ravatar.options import RavatarOptions
from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio_format import silence
from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.events import Answered
from ravatard.core.states import Refusal, VoiceSource
from ravatard.errors import BusyError, LinkTimeout, NoSessionError
from ravatard.ports.cloud import Avatar, Connection
from ravatard.ports.network import Socket
from ravatard.sim.options import SimOptions
from ravatard.stages.mailbox import Inbox, Outbox
from ravatard.stages.uplink import uplink
from tests.unit.cloud.ravatar.fakes import FakePlayer, HeardSink, now
from tests.unit.cloud.ravatar.test_service import SERVICE, World, first_answer
from tests.unit.stages.fakes import running

CHAT = RavatarOptions(mode="chat")
AUTO = RavatarOptions(mode="auto")
SECOND = silence(16_000)


class Tapped:
    """A socket that shows what went out, and may be slow."""

    def __init__(self, socket: Socket, send_s: float = 0.0) -> None:
        self._socket = socket
        self._send_s = send_s
        self.sent: list[dict[str, Any]] = []

    async def send(self, text: str) -> None:
        await asyncio.sleep(self._send_s)
        self.sent.append(json.loads(text))
        await self._socket.send(text)

    async def receive(self) -> str | bytes:
        return await self._socket.receive()


def tapped(wire: Connection, send_s: float = 0.0) -> Tapped:
    tap = Tapped(wire._socket, send_s)  # type: ignore[attr-defined]
    wire._socket = tap  # type: ignore[attr-defined]
    return tap


# ---------------------------------------------------------------- chat mode


async def test_chat_mode_wants_whole_utterances_and_no_session_and_brings_its_own_sound() -> None:
    world = World(ravatar=CHAT, voice_player=FakePlayer())

    async with world.wire() as wire:
        capabilities = wire.capabilities

    assert (capabilities.streams_audio, capabilities.needs_session) == (False, False)
    assert capabilities.voice is VoiceSource.ANSWER


@pytest.mark.parametrize(
    ("player", "voice"), [(FakePlayer(), VoiceSource.STREAM), (None, VoiceSource.ELSEWHERE)]
)
async def test_in_live_mode_the_voice_is_on_the_stream_or_elsewhere(
    player: FakePlayer | None, voice: VoiceSource
) -> None:
    world = World(voice_player=player)

    async with world.wire() as wire:
        capabilities = wire.capabilities

    assert (capabilities.streams_audio, capabilities.needs_session, capabilities.voice) == (True, True, voice)


async def test_text_in_chat_mode_is_answered_without_a_session() -> None:
    world = World(ravatar=CHAT)

    async with world.wire() as wire:
        await world.cloud.start_session()
        await wire.send_text("Hello?")
        answer = await first_answer(wire)

    assert isinstance(answer, Answered)
    assert world.sim.record.counts["sessions_started"] == 0
    assert world.violations == []


@pytest.mark.parametrize(("vad", "told"), [(False, {"isPushToTalk": True}), (True, {})])
async def test_an_utterance_in_chat_mode_is_the_message_of_the_document(
    vad: bool, told: dict[str, bool]
) -> None:
    world = World(SimOptions(vad_enabled=vad), ravatar=CHAT)

    async with world.wire() as wire:
        tap = tapped(wire)
        await wire.send_utterance(SECOND)
        answer = await first_answer(wire)

    (message,) = tap.sent
    sound = b64decode(message.pop("file_base64_data"))
    session = message.pop("session")
    avatar = message.pop("avatar_id")
    assert message == {
        "user_id": "kiosk-1",
        "chat_type": "voice",
        "language": "en",
        "requestType": "audio",
        "source": "ravatard",
        "isLive": False,
        **told,
    }
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getparams()[:4] == (1, 2, 16_000, 16_000)
    assert (bool(session), bool(avatar), isinstance(answer, Answered)) == (True, True, True)
    assert world.violations == []


async def test_a_whole_utterance_may_be_said_in_a_live_session_too() -> None:
    world = World()

    async with world.wire() as wire:
        tap = tapped(wire)
        with pytest.raises(NoSessionError):
            await wire.send_utterance(SECOND)
        await world.cloud.start_session()
        await wire.send_utterance(SECOND)

        (licence,) = world.sim.record.open_licences()

    assert [(message["isLive"], message["LicenseId"]) for message in tap.sent] == [(True, licence)]
    assert world.violations == []


async def test_a_chunk_in_chat_mode_loses_its_turn_and_not_the_link() -> None:
    world = World(ravatar=CHAT)

    async with world.wire() as wire:
        with pytest.raises(NoSessionError, match="whole"):
            await wire.send_audio(silence(4096))
        await wire.send_text("Still there?")

        assert isinstance(await first_answer(wire), Answered)


async def test_an_utterance_may_take_as_long_as_its_speech_to_go_out() -> None:
    world = World(ravatar=CHAT)

    async with world.wire() as wire:
        tap = tapped(wire, send_s=14.0)
        await wire.send_utterance(SECOND * 10)
        with pytest.raises(LinkTimeout, match="within 6 s"):
            await wire.send_utterance(SECOND)

    assert len(tap.sent) == 1


async def test_ending_the_session_that_chat_mode_has_not_does_nothing() -> None:
    world = World(ravatar=CHAT)

    async with world.wire():
        await world.cloud.end_session(gone=True)
        await world.cloud.end_session()

    assert "/endLiveSession" not in [request.path for request in world.sim.record.requests]


async def test_chat_mode_takes_the_first_avatar_also_without_a_live_mode() -> None:
    world = World(ravatar=CHAT)
    async with world.cloud.opened():
        avatars = (await world.cloud.about()).avatars
        async with world.cloud.connect() as wire:
            chosen = wire.capabilities.avatar

    assert chosen == avatars[0].name


# ---------------------------------------------------------------- mode auto


async def test_auto_goes_on_in_chat_mode_when_no_avatar_is_free_and_comes_back() -> None:
    world = World(SimOptions(licences=0), ravatar=AUTO)
    moments: list[tuple[bool, float]] = []

    async with world.cloud.opened():
        for _ in range(3):
            async with world.cloud.connect() as wire:
                moments.append((wire.capabilities.streams_audio, now()))
                if wire.capabilities.needs_session:
                    with pytest.raises(BusyError):
                        await world.cloud.start_session()
                await wire.outdated()

    # The dice always show 0: the shortest pause of all.
    assert moments == [(True, 0.0), (False, 0.0), (True, 225.0)]


async def test_while_auto_chats_the_service_is_not_asked_for_sessions() -> None:
    world = World(SimOptions(licences=0), ravatar=AUTO)

    async with world.wire():
        for _ in range(5):
            with pytest.raises(BusyError):
                await world.cloud.start_session()

    assert [request.path for request in world.sim.record.requests].count("/startLiveSession") == 1


async def test_auto_with_an_avatar_without_a_live_mode_is_chat_mode_and_stays_so() -> None:
    world = World(service=replace(SERVICE, avatar="Brook"), ravatar=AUTO)

    async with world.wire() as wire:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600.0):
                await wire.outdated()
        await wire.send_utterance(SECOND)
        answer = await first_answer(wire)

    assert (wire.capabilities.avatar, wire.capabilities.needs_session) == ("Brook", False)
    assert isinstance(answer, Answered)
    assert "/startLiveSession" not in [request.path for request in world.sim.record.requests]


async def test_auto_goes_on_in_chat_mode_when_the_live_session_itself_is_refused() -> None:
    world = World(ravatar=AUTO)

    async with world.wire() as wire:
        # The directory was out of date: this avatar has lost its live mode since.
        world.cloud._avatar = Avatar("avatar-brook-002", "Brook", has_live_mode=True)
        with pytest.raises(BusyError, match="startLiveSession"):
            await world.cloud.start_session()
        await wire.outdated()

    async with world.cloud.opened(), world.cloud.connect() as wire:
        assert not wire.capabilities.needs_session


async def test_auto_has_a_session_when_there_is_one() -> None:
    world = World(ravatar=AUTO)

    async with world.wire() as wire:
        await world.cloud.start_session()
        assert wire.capabilities.needs_session
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600.0):
                await wire.outdated()

    assert world.sim.record.counts["sessions_started"] == 1


async def test_in_live_mode_a_busy_service_does_not_change_the_mode() -> None:
    world = World(SimOptions(licences=0))

    async with world.wire() as wire:
        with pytest.raises(BusyError):
            await world.cloud.start_session()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600.0):
                await wire.outdated()


# ---------------------------------------------------------------- the live voice


async def test_the_voice_of_a_session_is_played_with_its_address_and_our_token() -> None:
    player, sink = FakePlayer(), HeardSink()
    world = World(voice_player=player)

    async with world.wire(), asyncio.TaskGroup() as group:
        playing = group.create_task(world.cloud.voice(sink))
        await world.cloud.start_session()
        await asyncio.sleep(5.0)
        token = (await world.cloud._account.tokens.token()).reveal()
        await world.cloud.end_session()
        await asyncio.sleep(5.0)
        playing.cancel()

    ((_, url, used),) = player.opened
    assert (url.startswith("http"), used, player.open) == (True, token, 0)
    assert sink.words == ["online", "the live session is over"]


async def test_a_lost_connection_does_not_touch_the_voice() -> None:
    player, sink = FakePlayer(), HeardSink()
    world = World(voice_player=player)

    async with world.cloud.opened(), asyncio.TaskGroup() as group:
        playing = group.create_task(world.cloud.voice(sink))
        async with world.cloud.connect():
            await world.cloud.start_session()
            await asyncio.sleep(5.0)
            world.network.drop_sockets(1001)
        async with world.cloud.connect():
            await asyncio.sleep(5.0)
        assert sink.words == ["online"]
        playing.cancel()

    assert (len(player.opened), player.open) == (1, 0)
    assert world.sim.record.open_licences() == []


@pytest.mark.parametrize("close_s", [0.0, 1.0, 60.0])
async def test_when_the_daemon_stops_the_session_is_ended_beside_the_closing_of_the_voice(
    close_s: float,
) -> None:
    player, sink = FakePlayer(close_s=close_s), HeardSink()
    world = World(voice_player=player)

    async with world.cloud.opened(), asyncio.TaskGroup() as group:
        playing = group.create_task(world.cloud.voice(sink))
        async with world.cloud.connect():
            await world.cloud.start_session()
            await asyncio.sleep(5.0)
            assert len(world.sim.record.open_licences()) == 1
            playing.cancel()
            await asyncio.sleep(0.5)
            assert world.sim.record.open_licences() == []

    assert world.sim.record.counts["sessions_ended"] == 1


async def test_without_a_player_the_session_is_ended_at_once_too() -> None:
    world = World()

    async with world.cloud.opened(), asyncio.TaskGroup() as group:
        waiting = group.create_task(world.cloud.voice(HeardSink()))
        async with world.cloud.connect():
            await world.cloud.start_session()
            waiting.cancel()
            await asyncio.sleep(0.5)
            assert world.sim.record.open_licences() == []


async def test_without_a_player_there_is_never_a_voice() -> None:
    world, sink = World(), HeardSink()

    async with world.wire():
        await world.cloud.start_session()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600.0):
                await world.cloud.voice(sink)

    assert sink.told == []


async def test_a_display_is_told_where_the_avatar_of_each_session_is_shown() -> None:
    world = World()

    async with world.wire():
        shown = world.cloud.picture()
        before = await anext(shown)
        await world.cloud.start_session()
        during = await anext(shown)
        token = await world.cloud._account.tokens.token()
        await world.cloud.end_session()
        after = await anext(shown)
        await shown.aclose()

    assert during is not None
    assert (during[0].reveal().startswith("http"), during[1]) == (True, token)
    assert (before, after) == (None, None)


# ---------------------------------------------------------------- what there is, what was said


async def test_the_service_tells_its_avatars_and_languages_without_a_connection() -> None:
    world = World()

    async with world.cloud.opened():
        about = await world.cloud.about()

    assert all(avatar.id and avatar.name for avatar in about.avatars)
    assert "en" in [language.code for language in about.languages]


@pytest.mark.parametrize("per_page", [1, 3, 100])
async def test_the_history_is_told_the_newest_first_page_after_page(per_page: int) -> None:
    world = World(replace(SimOptions(), think_s=0.1), ravatar=CHAT)

    async with world.wire() as wire:
        for word in ("one", "two", "three", "four"):
            await wire.send_text(word)
            await first_answer(wire)
            await asyncio.sleep(10.0)
        told = [message async for message in world.cloud.history(per_page=per_page)]

    asked = [message.request for message in told if message.direction == "outgoing"]
    assert asked == ["four", "three", "two", "one"]
    assert len(told) == 8
    assert all(message.answer for message in told if message.direction == "incoming")
    assert world.violations == []


async def test_a_history_of_nothing_is_empty() -> None:
    world = World()

    async with world.cloud.opened():
        assert [message async for message in world.cloud.history()] == []


async def test_a_history_that_does_not_come_is_told_without_the_user() -> None:
    world = World()

    async with world.cloud.opened():
        await world.cloud.about()
        world.network.latency_s = 60.0
        with pytest.raises(LinkTimeout, match=r"did not answer /chat within") as caught:
            await anext(world.cloud.history())

    assert "kiosk-1" not in str(caught.value)


# ---------------------------------------------------------------- mode auto on the line


class OnLine:
    """The cloud behind the stage that keeps the link."""

    def __init__(self, licences: int) -> None:
        self.world = World(SimOptions(licences=licences), ravatar=AUTO)
        self.inbox, self.outbox = Inbox(), Outbox()

    async def run(self) -> None:
        async with self.world.cloud.opened():
            backoff = Backoff(BackoffOptions(), lambda: 0.5)
            await uplink(self.world.cloud, self.outbox, self.inbox, backoff)

    async def told(self, until: int) -> list[tuple[float, ev.Event]]:
        """What was told, and when, up to the ``until``-th time that the link was up."""
        told: list[tuple[float, ev.Event]] = []
        while sum(isinstance(event, ev.LinkOnline) for _, event in told) < until:
            event = await self.inbox.get()
            told.append((now(), event))
        return told


async def test_a_refused_session_moves_the_link_to_chat_mode_at_once_and_back_in_a_quiet_moment() -> None:
    line = OnLine(licences=0)

    async with running(line.run):
        line.outbox.put(act.StartSession(1))
        told = await line.told(until=3)

    online = [event.capabilities for _, event in told if isinstance(event, ev.LinkOnline)]
    at = [at for at, event in told if isinstance(event, ev.LinkOnline)]
    refused = [event.refusal for _, event in told if isinstance(event, ev.SessionRefused)]
    assert refused == [Refusal.BUSY]
    assert [capabilities.needs_session for capabilities in online] == [True, False, True]
    assert at == pytest.approx([0.0, 0.0, 225.0], abs=0.1)
    assert not any(isinstance(event, ev.LinkOffline) for _, event in told)
    assert line.world.violations == []
