"""The link in the long run: tokens renewed again and again, a server that hangs up, a clock that jumps."""

from __future__ import annotations

import asyncio
import time

import pytest

from ravatard.core import events as ev
from ravatard.core.states import TurnOutcome
from ravatard.sim.faults.scenario_file import load, parse
from ravatard.sim.options import SimOptions
from tests.scenario.world import Wishes, appliance


class Ups:
    """An observer that notes when the link came up, and counts what happened to it."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_event(self, event: ev.Event, now: float) -> None:
        if isinstance(event, ev.LinkOnline):
            self.times.append(now)

    def on_action(self, action: object, now: float) -> None:
        pass

    def most_within(self, seconds: float) -> int:
        """The most of them within any so many seconds."""
        return max(sum(first <= at < first + seconds for at in self.times) for first in self.times)


async def test_a_token_that_is_renewed_costs_no_word_and_no_light() -> None:
    loop = asyncio.get_running_loop()
    ups = Ups()
    async with appliance(Wishes(observers=(ups,)), SimOptions(token_lifetime_s=100.0)) as world:
        begun_at = loop.time()
        await world.passes(3.0)
        asked = 0
        while loop.time() - begun_at < 610.0:
            await world.speaks(1.5)
            asked += 1
            await world.until(lambda: len(world.diary.answers) == asked, within_s=8.0)  # noqa: B023
            # Another rhythm than that of the renewals: they fall into every part of a turn.
            await world.passes(11.0 + asked % 7)
        looks = world.looks()
        counts = dict(world.record.counts)

    assert "offline" not in looks
    # Told once, for what the service can do stays the same.
    assert len(ups.times) == 1
    # A token of 100 s is renewed after 85 s.
    assert counts["lines_opened"] >= 7
    assert counts["lines_opened"] - counts["lines_closed"] == 1
    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED] * asked
    assert not world.record.open_licences()
    assert not world.record.violations


async def test_a_server_that_accepts_and_closes_sees_less_than_30_connections_in_10_minutes() -> None:
    for_ever = parse(b"[{when: {call: /ws/chat}, do: {close: {code: 1012, reason: restarting}}}]")
    ups = Ups()

    async with appliance(Wishes(observers=(ups,)), faults=for_ever) as world:
        await world.passes(660.0)

    assert 3 <= ups.most_within(600.0) < 30


async def test_the_shipped_scenario_that_accepts_and_closes_is_over_within_minutes() -> None:
    ups = Ups()

    async with appliance(Wishes(observers=(ups,)), faults=load("accept-then-close")) as world:
        await world.passes(240.0)

        assert world.lamp.look.value == "ready"

    assert ups.most_within(600.0) == 7


@pytest.mark.parametrize("years", [-40, 30])
async def test_a_clock_that_jumps_by_decades_changes_nothing(
    years: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    async with appliance(service=SimOptions(token_lifetime_s=300.0)) as world:
        await world.passes(3.0)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.answers) == 1)
        monkeypatch.setattr(time, "time", lambda: real() + years * 365.25 * 86_400)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.answers) == 2)
        await world.passes(235.0)
        renewed_early = sum(one.path == "/jwt" for one in world.record.requests)
        await world.passes(20.0)
        await world.speaks(1.5)
        await world.until(lambda: len(world.diary.answers) == 3)
        renewed = sum(one.path == "/jwt" for one in world.record.requests)
        looks = world.looks()

    # At 85 % of the token's life, by the clock that does not jump.
    assert (renewed_early, renewed) == (1, 2)
    assert "offline" not in looks
    assert not world.record.violations


async def test_words_during_a_change_of_connections_are_sent_once_and_answered() -> None:
    async with appliance(Wishes(), SimOptions(token_lifetime_s=100.0)) as world:
        await world.passes(3.0)
        # The renewal is due at 85 s: somebody speaks from 84.5 s on, and the network is slow.
        world.network.latency_s = 0.3
        await world.passes(81.5)
        await world.speaks(3.0)
        opened_in_the_turn = world.network.open_sockets
        await world.until(lambda: bool(world.diary.answers))
        await world.passes(5.0)
        opened_after = world.network.open_sockets

    assert (opened_in_the_turn, opened_after) == (2, 1)
    assert [turn.outcome for turn in world.diary.turns] == [TurnOutcome.ANSWERED]
    assert not world.record.violations
