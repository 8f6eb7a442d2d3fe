"""The whole appliance answers aloud: chat mode, the live voice, interruption, a busy service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ravatard.cloud.ravatar.options import RavatarOptions
from ravatard.core import events as ev
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import Earcon, TurnOutcome
from ravatard.sim.options import SimOptions
from tests.scenario.heard import QUIET
from tests.scenario.world import Wishes, World, appliance
from tests.unit.core.sounds import voice

CHAT = Wishes(ravatar=RavatarOptions(mode="chat"), speaks=True)
LIVE = Wishes(speaks=True)


def heard_s(world: World) -> float:
    return sum(len(piece.pcm) for piece in world.speaker.played) / 96_000


async def test_a_question_in_chat_mode_is_answered_aloud() -> None:
    async with appliance(CHAT, SimOptions(answers=("well, well",))) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.lamp.look.value == "speaking")
        await world.until(lambda: world.lamp.look.value == "ready")

    assert heard_s(world) == pytest.approx(1.0, abs=0.01)
    assert world.looks()[-6:-1] == ["ready", "listening", "thinking", "speaking", "ready"]
    assert world.record.counts["sessions_started"] == 0
    assert not world.record.violations
    (turn,) = world.diary.turns
    assert (turn.outcome, turn.messages) == (TurnOutcome.ANSWERED, 1)


async def test_the_appliance_does_not_hear_itself_and_hears_people_again_afterwards() -> None:
    async with appliance(CHAT, SimOptions(answers=("a" * 30,))) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.lamp.look.value == "speaking")
        await world.speaks(2.0)
        await world.until(lambda: world.lamp.look.value == "ready")
        await world.passes(0.5)
        assert len(world.diary.turns) == 1
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.turns) == 2)


async def test_a_press_silences_the_answer_within_its_time_and_is_listened_to() -> None:
    wishes = Wishes(
        ravatar=RavatarOptions(mode="chat"), speaks=True, has_button=True, gate=GateOptions(mode="both")
    )
    async with appliance(wishes, SimOptions(answers=("a" * 50,))) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.lamp.look.value == "speaking")
        await world.passes(1.0)
        before = heard_s(world)
        world.button.press()
        await world.speaks(1.5)
        world.button.release()
        assert heard_s(world) < before
        await world.until(lambda: len(world.diary.turns) == 2)

    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED] * 2
    assert [earcon for _, earcon in world.speaker.earcons] == [Earcon.LISTENING, Earcon.SENT]


async def test_the_live_voice_is_heard_and_holds_the_microphone() -> None:
    async with appliance(LIVE) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.voice.opened == 1)
        await world.until(lambda: bool(world.diary.answers))
        await world.voice.says(2.0)
        assert world.lamp.look.value == "speaking"
        await world.voice.says(1.5, QUIET)
        assert world.lamp.look.value == "ready"

    assert world.voice.closed == world.voice.opened == 1
    assert world.speaker.closed
    assert world.record.counts["sessions_started"] == world.record.counts["sessions_ended"] == 1


async def test_a_live_voice_that_breaks_comes_back_and_the_conversation_goes_on() -> None:
    async with appliance(LIVE) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.voice.opened == 1)
        world.voice.breaks()
        await world.until(lambda: world.voice.opened == 2)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.answers) >= 1)

    assert world.record.counts["sessions_started"] == 1
    assert world.voice.closed == 2


async def test_a_session_whose_voice_cannot_be_had_is_replaced_once() -> None:
    async with appliance(LIVE) as world:
        world.voice.broken = "nobody streams."
        await world.passes(2.0)
        for _ in range(3):
            await world.speaks(1.5)
            await world.until(lambda: world.lamp.look.value == "thinking")
            await world.until(lambda: world.lamp.look.value == "ready")
            await world.passes(60.0)

    assert world.record.counts["sessions_started"] == 2
    assert not world.record.open_licences()


async def test_an_idle_session_takes_its_voice_with_it() -> None:
    async with appliance(LIVE) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.voice.opened == 1)
        await world.passes(200.0)
        assert world.voice.closed == 1
        assert not world.record.open_licences()


async def test_a_busy_service_is_talked_to_in_chat_mode_and_no_word_is_lost() -> None:
    wishes = Wishes(ravatar=RavatarOptions(mode="auto"), speaks=True)
    async with appliance(wishes, SimOptions(licences=0, answers=("hello",))) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.lamp.look.value == "speaking")
        await world.until(lambda: world.lamp.look.value == "ready")
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.turns) == 2)

    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED] * 2
    assert not world.record.violations


async def test_after_a_while_a_service_that_was_busy_is_talked_to_live_again() -> None:
    wishes = Wishes(ravatar=RavatarOptions(mode="auto"), speaks=True)
    async with appliance(wishes, SimOptions(licences=0)) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.turns) == 1)
        world.sim.shared.licences.total = 2
        await world.passes(400.0)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.turns) == 2)

    assert world.record.counts["sessions_started"] == 1
    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED] * 2


async def test_a_speaker_that_is_pulled_out_in_mid_answer_does_not_make_us_deaf() -> None:
    async with appliance(CHAT, SimOptions(answers=("a" * 50,))) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.lamp.look.value == "speaking")
        world.speaker.unplug()
        await world.passes(0.5)
        assert world.lamp.look.value == "ready"
        world.speaker.replug()
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.turns) == 2)


async def test_a_voice_may_interrupt_where_the_echo_is_somebody_elses() -> None:
    wishes = Wishes(
        ravatar=RavatarOptions(mode="chat"), speaks=True, audio=AudioOptions(echo="off", barge_in="voice")
    )
    async with appliance(wishes, SimOptions(answers=("a" * 50,))) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.lamp.look.value == "speaking")
        await world.speaks(1.5)
        assert world.speaker.stopped_at
        await world.until(lambda: len(world.diary.turns) == 2)


def talked_over() -> Wishes:
    return replace(CHAT, audio=AudioOptions(echo="cancel", barge_in="voice"))


async def test_a_cough_makes_the_avatar_wait_and_it_goes_on_where_it_stopped() -> None:
    async with appliance(talked_over(), SimOptions(answers=("a" * 50,))) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.lamp.look.value == "speaking")
        await world.passes(1.0)
        world.ear.sound(voice(80))
        await world.until(lambda: world.speaker.paused is not None, 2.0)
        await world.until(lambda: world.speaker.paused is None, 5.0)
        await world.until(lambda: world.lamp.look.value == "ready", 10.0)

    # Five seconds of sound, all of which were heard once.
    assert heard_s(world) == pytest.approx(5.0, abs=0.1)
    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED, TurnOutcome.CANCELLED]
    assert world.diary.turns[1].messages == 0


async def test_words_over_the_avatar_are_answered_and_the_rest_of_its_answer_is_not_heard() -> None:
    async with appliance(talked_over(), SimOptions(answers=("a" * 50, "b" * 10))) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.lamp.look.value == "speaking")
        await world.passes(1.0)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.turns) == 2, 20.0)
        await world.until(lambda: world.lamp.look.value == "ready", 20.0)

    assert 2.0 < heard_s(world) < 3.5
    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED] * 2


async def test_a_microphone_that_dies_in_an_interruption_leaves_an_appliance_that_answers() -> None:
    async with appliance(talked_over(), SimOptions(answers=("a" * 50,))) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: world.lamp.look.value == "speaking")
        await world.passes(1.0)
        world.ear.sound(voice(3_000))
        await world.until(lambda: world.speaker.paused is not None, 2.0)
        world.ear.unplug("its process was killed")
        await world.passes(0.5)
        world.ear._pending.clear()
        world.ear.replug()
        await world.until(lambda: world.lamp.look.value == "ready", 60.0)
        assert world.speaker.paused is None
        turns = len(world.diary.turns)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.turns) > turns, 20.0)

    assert world.diary.turns[-1].outcome is TurnOutcome.ANSWERED


async def test_a_volume_that_was_asked_for_is_set() -> None:
    async with appliance(CHAT) as world:
        world.controls.inbox.put(ev.VolumeAsked(35))
        await world.passes(0.1)

        assert world.speaker.percent == 35
