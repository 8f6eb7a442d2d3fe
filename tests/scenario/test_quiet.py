"""Quiet hours and announcements of a whole appliance, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ravatard.core import events as ev
from ravatard.core.options.quiet import QuietOptions
from ravatard.core.states import Earcon
from ravatard.sim.options import SimOptions
from tests.scenario.test_aloud import CHAT
from tests.scenario.world import appliance

#: A short one: each hour of virtual time costs seconds.
NIGHT = QuietOptions("22:00", "22:02", brightness=5, volume=20)


def _just_before_ten() -> datetime:
    return datetime(2026, 1, 10, 21, 59, tzinfo=UTC) + timedelta(seconds=asyncio.get_running_loop().time())


async def test_a_night_dims_the_lights_and_softens_the_voice_and_ends() -> None:
    wishes = replace(CHAT, quiet=NIGHT, local_time=_just_before_ten)
    async with appliance(wishes) as world:
        world.controls.inbox.put(ev.VolumeAsked(70))
        await world.passes(55)
        assert (world.lamp.brightness, world.speaker.percent) == (100, 70)

        await world.passes(10)
        assert (world.lamp.brightness, world.speaker.percent) == (5, 20)
        world.controls.inbox.put(ev.VolumeAsked(10, relative=True))
        world.controls.inbox.put(ev.MuteAsked(True))
        await world.passes(10)
        assert world.speaker.percent == 30
        assert world.speaker.earcons == []

        await world.passes(120)
        assert (world.lamp.brightness, world.speaker.percent) == (100, 70)
        world.controls.inbox.put(ev.MuteAsked(False))
        await world.passes(5)
        assert [earcon for _, earcon in world.speaker.earcons] == [Earcon.LISTENING]


async def test_an_appliance_without_quiet_hours_stays_as_it_is() -> None:
    async with appliance(replace(CHAT, local_time=_just_before_ten), SimOptions()) as world:
        await world.passes(120)

        assert (world.lamp.brightness, world.speaker.percent) == (100, 100)
