"""The simulated streams on a bad night."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.errors import ConfigError
from ravatard.sim.faults.scenario import Scenario
from ravatard.sim.faults.scenario_file import parse
from ravatard.sim.faults.stream_faults import inject_faults
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.sound.speech import Speech
from ravatard.sim.streaming.streams import Streams
from tests.unit.sim.caller import Caller


class _Night:
    """What the streams are like at each full second."""

    def __init__(self, steps: str) -> None:
        self.scenario: Scenario = parse(steps.encode())
        self.dead: list[bool] = []
        self.impairment: list[tuple[float, float]] = []
        self.listed: list[int] = []
        self.refused: list[bool] = []

    async def watch(self, seconds: int) -> _Night:
        caller = Caller(SimCloud())
        async with Streams(caller.cloud.shared, speech=Speech(None)) as streaming:
            caller.start()
            async with asyncio.TaskGroup() as group:
                group.create_task(inject_faults(streaming, self.scenario))
                await asyncio.sleep(0.5)
                for _ in range(seconds):
                    found = streaming.listed(None)
                    self.listed.append(len(found))
                    self.refused.append(bool(found) and bool(streaming.refusal("Streamer1", found[0])))
                    self.dead.append(streaming.impairment.dead)
                    self.impairment.append((streaming.impairment.loss, streaming.impairment.jitter_s))
                    await asyncio.sleep(1.0)
        return self


async def test_the_media_die_and_come_back() -> None:
    night = await _Night("[{when: {after_s: 1}, do: stream-dead, for_s: 2}]").watch(4)

    assert night.dead == [False, True, True, False]


async def test_the_weather_turns_bad_and_good_again() -> None:
    steps = "[{when: {after_s: 1}, do: {stream-loss: {loss: 0.1, jitter_ms: 30}}, for_s: 1}]"
    night = await _Night(steps).watch(3)

    assert night.impairment == [(0.0, 0.0), (0.1, 0.03), (0.0, 0.0)]


async def test_streamers_are_missing_and_refuse() -> None:
    steps = (
        "[{when: {after_s: 1}, do: {stream-missing: {lists: 2}}}, {when: {after_s: 4}, do: stream-refuse}]"
    )
    night = await _Night(steps).watch(6)

    assert night.listed == [1, 0, 0, 1, 1, 1]
    assert night.refused == [False, False, False, False, True, False]


async def test_a_restart_takes_its_time() -> None:
    night = await _Night("[{when: {after_s: 1}, do: {stream-restart: {away_s: 2}}}]").watch(4)

    assert night.listed == [1, 0, 0, 1]


async def test_closing_no_socket_does_no_harm() -> None:
    night = await _Night("[{when: {after_s: 1}, do: {stream-close: {media: false}}}]").watch(2)

    assert night.listed == [1, 1]


@pytest.mark.parametrize(
    "steps", ["- do: stream-dead", "- do: stream-loss\n  when: {after_s: 1, call: /stream/1}"]
)
def test_only_the_clock_sets_it_off(steps: str) -> None:
    with pytest.raises(ConfigError, match="the stream knows neither calls nor messages"):
        parse(steps.encode())
