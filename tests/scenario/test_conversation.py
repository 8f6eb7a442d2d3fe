"""Conversations of a whole appliance, hours long and over in seconds."""

from __future__ import annotations

import itertools

import pytest

from ravatard.core.audio_format import samples_for
from ravatard.core.options.conversation import SessionOptions
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import TurnOutcome
from ravatard.sim.options import SimOptions
from tests.scenario.world import Wishes, appliance, loud


async def test_a_question_is_heard_sent_and_answered() -> None:
    async with appliance() as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: bool(world.diary.answers))
        await world.passes(1.0)

        assert world.looks() == ["starting", "connecting", "ready", "listening", "thinking", "ready"]

    (turn,) = world.diary.turns
    assert turn.outcome is TurnOutcome.ANSWERED
    assert world.record.counts["sessions_started"] == world.record.counts["sessions_ended"] == 1
    assert not world.record.violations
    assert world.ear.closed
    assert world.looks()[-1] == "off"


async def test_the_first_sample_of_the_preroll_is_the_first_the_service_gets() -> None:
    async with appliance() as world:
        world.network.latency_s = 0.7
        await world.passes(10.0)
        await world.speaks(1.5)
        await world.until(lambda: bool(world.diary.answers))

        (session,) = world.record.sessions
        (opened,), (opened_after_s,) = world.diary.opened, world.diary.opened_after_s
        frames = range(0, len(session.audio), 64)
        onset = next(at for at in frames if loud(bytes(session.audio[at : at + 64]))) // 2

    # Speech began 300 ms of pre-roll after the first sample that was sent, less what the start rule took.
    assert 0 < onset <= samples_for(300)
    assert samples_for(opened_after_s * 1000) - opened.first_sample <= samples_for(300 + 80)


@pytest.mark.hours
async def test_an_hour_of_conversation() -> None:
    async with appliance() as world:
        await world.passes(2.0)
        for number in range(180):
            await world.speaks(1.0 + number % 4)
            await world.passes(20.0 - 1.0 - number % 4)

    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED] * 180
    assert len(world.diary.answers) == 180
    assert world.record.counts["turns"] == 180
    assert world.record.counts["sessions_started"] == world.record.counts["sessions_ended"] == 1
    assert not world.record.violations
    assert max(turn.answer_ms or 0.0 for turn in world.diary.turns) < 1500.0


@pytest.mark.hours
async def test_a_quiet_day_costs_nothing_and_is_never_deaf() -> None:
    async with appliance(Wishes(watchdog_s=20.0)) as world:
        await world.passes(600.0)
        assert world.record.counts["sessions_started"] == 0
        await world.speaks(2.0)
        await world.until(lambda: bool(world.diary.answers))
        await world.passes(600.0)

        beats = world.notes.times("WATCHDOG=1")
        assert max(b - a for a, b in itertools.pairwise(beats)) <= 10.1
        assert not world.record.open_licences()

    (session,) = world.record.sessions
    assert session.ended_at is not None
    assert 119.0 < session.ended_at - session.started_at < 130.0


@pytest.mark.hours
async def test_a_session_kept_always_is_there_before_anybody_speaks() -> None:
    async with appliance(Wishes(session=SessionOptions(keep="always"))) as world:
        await world.passes(600.0)

        assert len(world.record.open_licences()) == 1

    assert not world.record.open_licences()


async def test_text_is_answered_in_live_mode() -> None:
    async with appliance() as world:
        world.controls.say("Good morning")
        await world.until(lambda: bool(world.diary.answers))

    assert "Good morning" in world.diary.answers[0]
    assert not world.record.violations


async def test_a_held_button_talks_and_a_short_press_does_not() -> None:
    wishes = Wishes(gate=GateOptions(mode="button"), has_button=True)
    async with appliance(wishes) as world:
        await world.passes(2.0)
        await world.speaks(2.0)
        world.button.press()
        await world.passes(0.15)
        world.button.release()
        await world.passes(5.0)
        assert world.record.counts["sessions_started"] == 0

        world.button.press()
        await world.speaks(2.0)
        world.button.release()
        await world.until(lambda: bool(world.diary.answers))

    (turn,) = world.diary.turns
    assert turn.outcome is TurnOutcome.ANSWERED
    assert turn.spoken_ms == pytest.approx(2300, abs=80)
    assert not world.record.violations


async def test_a_service_that_wants_push_to_talk_is_not_opened_by_a_voice() -> None:
    async with appliance(Wishes(has_button=True), SimOptions(vad_enabled=False)) as world:
        await world.passes(2.0)
        await world.speaks(3.0)
        await world.passes(5.0)

        assert world.diary.opened == []


async def test_who_pauses_longer_than_the_gate_waits_still_gets_one_answer() -> None:
    async with appliance() as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.passes(1.3)
        await world.speaks(1.5)
        await world.passes(10.0)

    assert world.diary.turns[-1].outcome is TurnOutcome.ANSWERED
    assert not world.record.violations


async def test_a_service_that_never_answers_is_shown_and_costs_the_turn_and_not_the_appliance() -> None:
    async with appliance(service=SimOptions(answers=())) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.passes(40.0)
        await world.speaks(1.5)
        await world.passes(40.0)

        assert world.lamp.look.value == "service-deaf"

    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.UNANSWERED] * 2


async def test_a_busy_service_is_shown_and_asked_again_by_the_next_words() -> None:
    async with appliance(service=SimOptions(licences=0)) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.passes(3.0)
        assert world.lamp.look.value == "busy"
        world.sim.shared.licences.total = 1
        await world.passes(10.0)
        await world.speaks(1.5)
        await world.until(lambda: bool(world.diary.answers))

    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.CANCELLED, TurnOutcome.ANSWERED]
    assert not world.record.violations
