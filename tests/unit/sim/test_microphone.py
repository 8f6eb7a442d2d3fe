"""A room a program speaks in, heard by the real gate."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio_format import samples_in
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, CloseReason, GateMode
from ravatard.sim.microphone import SimMicrophone
from tests.unit.core.sounds import hears_sound, quiet, voice


def ear(mode: GateMode = GateMode.VAD) -> SimMicrophone:
    return SimMicrophone(GateOptions(), VoiceOptions(), hears_sound, mode=mode)


async def heard(room: SimMicrophone, seconds: float) -> list[tuple[float, ev.MicrophoneEvent]]:
    loop, found = asyncio.get_running_loop(), []
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for event in room.events():
                found.append((loop.time(), event))
    return found


async def test_a_voice_becomes_an_utterance_at_the_pace_of_the_clock() -> None:
    room = ear()
    room.sound(quiet(500) + voice(1000))

    found = await heard(room, 5.0)

    assert found[0] == (0.0, ev.MicrophoneReady("simulated microphone"))
    opened_at = next(at for at, event in found if isinstance(event, ev.UtteranceOpened))
    closed_at, closed = next(pair for pair in found if isinstance(pair[1], ev.UtteranceClosed))
    assert 0.54 < opened_at < 0.7
    assert closed_at == pytest.approx(2.4, abs=0.1)
    assert isinstance(closed, ev.UtteranceClosed)
    assert closed.reason is CloseReason.SILENCE
    assert room.quiet


async def test_every_sample_of_the_utterance_is_handed_out_once() -> None:
    room = ear()
    sound = voice(1000)
    room.sound(quiet(500) + sound)

    found = [event for _, event in await heard(room, 5.0)]

    sent = b"".join(event.pcm for event in found if isinstance(event, ev.ChunkCaptured))
    closed = next(event for event in found if isinstance(event, ev.UtteranceClosed))
    opened = next(event for event in found if isinstance(event, ev.UtteranceOpened))
    before = 8000 - opened.first_sample
    assert sent[before * 2 :].startswith(sound)
    assert samples_in(sent) == closed.end_sample - opened.first_sample


async def test_it_gives_signs_of_life_while_it_is_quiet() -> None:
    found = [event for _, event in await heard(ear(), 2.0) if isinstance(event, ev.Listened)]

    assert 6 <= len(found) <= 8
    assert found[-1].samples > 25_000


async def test_presses_reach_the_gate() -> None:
    room = ear(GateMode.BUTTON)
    room.command(act.Press())

    found = [event for _, event in await heard(room, 2.0)]

    assert any(isinstance(event, ev.UtteranceOpened) and event.cause is Cause.BUTTON for event in found)


async def test_a_pulled_out_microphone_is_lost_and_comes_back() -> None:
    room = ear()
    room.sound(quiet(500) + voice(3000))
    loop = asyncio.get_running_loop()
    loop.call_at(1.0, room.unplug)
    loop.call_at(5.0, room.replug)

    found = [event for _, event in await heard(room, 6.0)]

    kinds = [type(event) for event in found if not isinstance(event, ev.Listened | ev.ChunkCaptured)]
    assert kinds[:5] == [
        ev.MicrophoneReady,
        ev.UtteranceOpened,
        ev.UtteranceClosed,
        ev.MicrophoneLost,
        ev.MicrophoneReady,
    ]
    lost = next(event for event in found if isinstance(event, ev.UtteranceClosed))
    assert lost.reason is CloseReason.LOST


async def test_closing_is_remembered() -> None:
    room = ear()

    await room.close()

    assert room.closed


async def test_muted_the_device_is_closed_in_mid_word_and_nothing_more_is_heard() -> None:
    room = ear()
    room.sound(quiet(500) + voice(3000))
    loop = asyncio.get_running_loop()
    loop.call_at(1.0, room.command, act.Mute(True))
    loop.call_at(5.0, room.command, act.Mute(False))

    found = await heard(room, 6.0)

    shown = [(at, event) for at, event in found if not isinstance(event, ev.Listened | ev.ChunkCaptured)]
    kinds = [type(event) for _, event in shown]
    assert kinds[:5] == [
        ev.MicrophoneReady,
        ev.UtteranceOpened,
        ev.UtteranceClosed,
        ev.MicrophoneClosed,
        ev.MicrophoneReady,
    ]
    assert 1.0 <= shown[3][0] < 1.1
    assert shown[4][0] == 5.0
    assert not [at for at, _ in found if shown[3][0] < at < 5.0]


async def test_unmuted_without_its_plug_it_is_lost_and_closing_is_told_once() -> None:
    room = ear()
    loop = asyncio.get_running_loop()
    loop.call_at(1.0, room.command, act.Mute(True))
    loop.call_at(2.0, room.unplug)
    loop.call_at(3.0, room.command, act.Mute(False))

    found = [event for _, event in await heard(room, 6.0) if not isinstance(event, ev.Listened)]

    assert [type(event) for event in found] == [ev.MicrophoneReady, ev.MicrophoneClosed, ev.MicrophoneLost]
