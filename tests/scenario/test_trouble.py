"""What the appliance does when the link, the microphone or the owner's patience goes away."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.core.audio_format import RATE_HZ
from ravatard.core.states import TurnOutcome
from tests.scenario.world import Wishes, appliance
from tests.unit.core.sounds import voice


async def test_a_lost_link_comes_back_by_itself_and_the_session_lives_on() -> None:
    async with appliance() as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: bool(world.diary.answers))
        world.network.drop_sockets()
        await world.passes(0.1)
        assert world.lamp.look.value == "offline"
        await world.passes(5.0)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.answers) == 2)

    assert world.record.counts["sessions_started"] == world.record.counts["sessions_ended"] == 1
    assert not world.record.violations


async def test_a_session_the_service_forgot_costs_no_word() -> None:
    async with appliance() as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: bool(world.diary.answers))
        (session,) = world.record.open_licences()
        world.sim.expire_licence(session, asyncio.get_running_loop().time(), tell="")
        await world.speaks(3.0)
        await world.until(lambda: len(world.diary.answers) == 2)

    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED] * 2
    assert world.record.counts["sessions_started"] == 2
    assert not world.record.open_licences()
    assert world.record.sessions[1].samples >= 3.0 * RATE_HZ


async def test_a_link_lost_in_mid_sentence_cancels_the_turn_as_a_whole() -> None:
    async with appliance() as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        world.network.drop_sockets()
        await world.speaks(1.5)
        await world.passes(10.0)
        await world.speaks(1.5)
        await world.until(lambda: bool(world.diary.answers))

    assert world.diary.turns[0].outcome is TurnOutcome.CANCELLED
    assert world.diary.turns[-1].outcome is TurnOutcome.ANSWERED
    assert not world.record.violations


async def test_words_said_before_the_service_was_ever_reached_are_sent_once_it_is() -> None:
    async with appliance() as world:
        world.network.down = True
        await world.passes(1.0)
        await world.speaks(1.5)
        await world.passes(3.0)
        world.network.down = False
        await world.until(lambda: bool(world.diary.answers))

    (turn,) = world.diary.turns
    assert turn.outcome is TurnOutcome.ANSWERED
    assert not world.record.violations


async def test_words_that_waited_longer_than_the_answer_may_take_are_cancelled() -> None:
    async with appliance() as world:
        world.network.down = True
        await world.passes(1.0)
        await world.speaks(1.5)
        await world.passes(40.0)
        world.network.down = False
        await world.passes(120.0)

        assert world.record.counts["sessions_started"] == 0

    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.CANCELLED]


async def test_an_idle_session_is_ended_also_while_the_socket_cannot_be_opened() -> None:
    async with appliance() as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.until(lambda: bool(world.diary.answers))
        await world.passes(60.0)
        world.network.sockets_down = True
        world.network.drop_sockets()
        await world.passes(120.0)

        assert not world.record.open_licences()
        assert world.lamp.look.value in ("offline", "connecting")


async def test_a_microphone_pulled_out_in_mid_word_still_gets_its_answer_and_comes_back() -> None:
    async with appliance(Wishes(watchdog_s=20.0)) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        world.ear.unplug()
        await world.until(lambda: bool(world.diary.answers))
        assert world.lamp.look.value == "no-microphone"
        await world.passes(60.0)
        assert len(world.notes.times("WATCHDOG=1")) >= 5

        world.ear.replug()
        await world.passes(1.0)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.answers) == 2)

    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED] * 2


@pytest.mark.parametrize("after_s", [0.0, 0.5, 1.0, 2.0, 2.2, 2.6, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0])
async def test_stopping_at_any_moment_ends_the_session_within_the_time(after_s: float) -> None:
    loop = asyncio.get_running_loop()
    async with appliance() as world:
        world.network.latency_s = 0.2
        await world.passes(1.0)
        world.ear.sound(voice(1500))
        await world.passes(after_s)
        stopped_at = loop.time()

    assert loop.time() - stopped_at < 2.0
    assert not world.record.open_licences()
    assert not world.record.violations
    assert world.ear.closed
    assert world.lamp.look.value == "off"
    assert world.notes.times("STOPPING=1") == [stopped_at]


async def test_a_service_that_hangs_does_not_keep_us_from_stopping() -> None:
    loop = asyncio.get_running_loop()
    async with appliance() as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        world.network.latency_s = 1000.0
        stopped_at = loop.time()

    assert loop.time() - stopped_at < 10.0


async def test_an_avatar_the_service_does_not_have_is_shown_as_a_fault() -> None:
    wishes = Wishes()
    service = type(wishes.service)(base_url="http://sim.example", avatar="Nobody")
    async with appliance(Wishes(service=service)) as world:
        await world.passes(2.0)
        await world.speaks(1.5)
        await world.passes(5.0)

        assert world.lamp.look.value == "fault"
        assert any("Nobody" in line for _, line in world.notes.told)

    assert world.record.counts["sessions_started"] == 0


async def test_ready_is_told_after_the_first_frame_and_the_first_light() -> None:
    async with appliance() as world:
        await world.passes(1.0)

        (ready_at,) = world.notes.times("READY=1")

    assert world.lamp.shown[0][0] <= ready_at


async def test_a_reload_is_told_and_changes_what_may_change() -> None:
    async with appliance() as world:
        await world.passes(1.0)
        world.controls.reload.set()
        await world.passes(0.1)

        assert len(world.notes.times("RELOADING=1")) == 1
        assert len(world.notes.times("READY=1")) == 2
