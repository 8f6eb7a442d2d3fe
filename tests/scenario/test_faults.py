"""The whole appliance lives through every scenario that comes with the package."""

from __future__ import annotations

import pytest

from ravatard.core.states import TurnOutcome
from ravatard.sim.faults.scenario_file import load, shipped
from tests.scenario.world import Wishes, appliance

#: Every scenario's faults are over by then, pauses between attempts included.
QUIET_AFTER_S = 240.0

#: What the service started and the client never heard of: its licence nobody can end.
UNKNOWN_TO_THE_CLIENT = {"lost-answers": 1}

#: Ending again what was ended without an answer is no breach of ours: the client cannot know.
EXCUSED = {"lost-answers": ["double_end"]}


@pytest.mark.parametrize("name", list(shipped()))
async def test_the_appliance_lives_through(name: str) -> None:
    async with appliance(Wishes(has_button=True), faults=load(name)) as world:
        for _ in range(8):
            await world.passes(5.0)
            await world.speaks(1.5)
            await world.passes(5.0)
        # A person presses when nothing happens: what waits for a person is tried again.
        world.button.press()
        await world.passes(0.1)
        world.button.release()
        await world.passes(QUIET_AFTER_S - 8 * 11.5)
        answered = len(world.diary.answers)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.answers) > answered, within_s=30.0)
        await world.passes(2.0)

        assert world.diary.turns[-1].outcome is TurnOutcome.ANSWERED
        assert world.lamp.look.value == "ready"

    assert [one.kind for one in world.record.violations] == EXCUSED.get(name, [])
    assert len(world.record.open_licences()) == UNKNOWN_TO_THE_CLIENT.get(name, 0)
    assert world.ear.closed


async def test_a_refused_session_does_not_cost_the_link() -> None:
    async with appliance(faults=load("busy")) as world:
        world.network.latency_s = 0.3
        await world.passes(5.0)
        await world.speaks(1.5)
        await world.passes(10.0)
        looks = world.looks()
        opened = world.record.counts["lines_opened"]

    assert "busy" in looks
    assert "offline" not in looks
    assert opened == 1


async def test_what_was_said_too_long_ago_is_not_sent_after_an_outage() -> None:
    async with appliance() as world:
        await world.passes(3.0)
        world.network.down = True
        world.network.drop_sockets()
        for number in range(16):
            # By then the waits have grown: the next attempt comes half a minute later.
            world.network.down = number < 3
            await world.speaks(1.5)
            await world.passes(6.5)
        await world.passes(30.0)

    # An answer may take 30 s, counted from the end of the words; those take 3 s themselves.
    assert 10.0 < max(world.diary.ages_s) < 33.0
    assert world.record.open_licences() == []
    assert not world.record.violations


async def test_a_busy_service_after_an_outage_does_not_leave_the_appliance_deaf() -> None:
    async with appliance(faults=load("busy")) as world:
        await world.passes(3.0)
        world.network.down = True
        world.network.drop_sockets()
        for _ in range(3):
            await world.speaks(1.5)
            await world.passes(3.0)
        world.network.down = False
        await world.passes(60.0)
        for _ in range(2):
            await world.speaks(1.5)
            await world.passes(15.0)
        opened, answers = world.record.counts["lines_opened"], len(world.diary.answers)

    assert opened <= 3
    assert answers >= 1
