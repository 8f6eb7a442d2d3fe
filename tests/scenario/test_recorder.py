"""An hour of conversation and the flight recorder: what it writes, and what can be made of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.core import events as ev
from ravatard.core.options.conversation import SessionOptions
from ravatard.core.options.gate import GateOptions
from ravatard.host.recorder import DAY_BYTES, FlightRecorder
from ravatard.host.ring import Ring, parts
from tests.scenario.world import Wishes, World, appliance


def _recorder(folder: Path, wishes: Wishes) -> FlightRecorder:
    return FlightRecorder(Ring(folder), wishes.conversation(), 0.0, boot="b", wall=lambda: 1.8e9)


def _written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for _, path in parts(folder))


def _replays(folder: Path) -> bool:
    return main(["replay", str(folder)]) == 0


async def _talks(world: World, turns: int) -> None:
    for number in range(turns):
        await world.speaks(1.0 + number % 4)
        await world.passes(20.0 - 1.0 - number % 4)


@pytest.mark.hours
async def test_an_hour_of_conversation_fits_and_leads_to_the_same_states_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wishes = Wishes()
    with _recorder(tmp_path, wishes) as recorder:
        async with appliance(replace(wishes, observers=(recorder,))) as world:
            await _talks(world, 180)

    # Somebody who asks three questions a minute, day and night, just fits.
    assert 24 * len(_written(tmp_path)) < DAY_BYTES
    assert _replays(tmp_path)
    told = capsys.readouterr().out
    assert sum(f" {number} answered" in told for number in range(1, 181)) == 180


@pytest.mark.hours
async def test_a_quiet_hour_costs_kilobytes(tmp_path: Path) -> None:
    wishes = Wishes()
    with _recorder(tmp_path, wishes) as recorder:
        async with appliance(replace(wishes, observers=(recorder,))) as world:
            await world.passes(3600.0)

    assert len(_written(tmp_path)) < 6_000
    assert _replays(tmp_path)


async def test_a_bad_night_leads_to_the_same_states_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Longer than what may wait for the network: the hub has an event of its own, the utterance is dropped.
    wishes = Wishes(gate=GateOptions(longest_s=60.0), session=SessionOptions(idle_s=20.0))
    with _recorder(tmp_path, wishes) as recorder:
        async with appliance(replace(wishes, observers=(recorder,))) as world:
            await _talks(world, 2)
            world.network.down = True
            world.network.drop_sockets()
            await world.speaks(40.0)
            await world.passes(10.0)
            world.network.down = False
            await world.passes(30.0)
            world.controls.inbox.put(ev.MuteAsked(True))
            await world.speaks(2.0)
            world.controls.inbox.put(ev.MuteAsked(False))
            world.network.latency_s = 0.8
            await _talks(world, 2)
            world.controls.inbox.put(ev.RestartSessionAsked())
            await world.passes(30.0)

    assert _replays(tmp_path)
    told = capsys.readouterr().out
    assert "UtteranceDropped" in told
    assert "muted     yes" in told


async def test_two_lives_of_which_the_first_was_killed_are_followed_one_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wishes = Wishes()
    # Nobody closes it: what waits for its batch is lost, as with kill -9.
    killed = _recorder(tmp_path, wishes)
    async with appliance(replace(wishes, observers=(killed,))) as world:
        await _talks(world, 2)
        await world.speaks(3.0)
    with _recorder(tmp_path, wishes) as recorder:
        async with appliance(replace(wishes, observers=(recorder,))) as world:
            await _talks(world, 2)

    assert _replays(tmp_path)
    assert capsys.readouterr().out.count("started") == 2
