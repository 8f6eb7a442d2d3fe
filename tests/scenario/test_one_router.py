"""Forty whole appliances behind one router, at an AvaTar API that allows ten new sessions a minute."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace

import pytest

from ravatard.core.indication import Look
from ravatard.sim.avatar.options import SimLeaseOptions
from ravatard.sim.avatar.service import AvatarSimService
from tests.scenario.kiosk import Kiosk
from tests.unit.cloud.avatar.world import PLAIN, AvatarWorld

APPLIANCES, A_MINUTE, MINUTE_S = 40, 10, 60.0


async def _clock(sim: AvatarSimService) -> None:
    while True:
        await asyncio.sleep(0.25)
        sim.tick(asyncio.get_running_loop().time())


@pytest.mark.slow
async def test_forty_appliances_get_their_sessions_ten_a_minute_and_none_asks_while_it_waits() -> None:
    # Of forty appliances the stack of each task would be kept, for minutes.
    asyncio.get_running_loop().set_debug(False)
    # Room for all: only the limit of new ones holds.
    sim = AvatarWorld(replace(PLAIN, lease=SimLeaseOptions(capacity=APPLIANCES))).sim
    kiosks = [Kiosk(sim, random.Random(number)) for number in range(APPLIANCES)]
    async with asyncio.TaskGroup() as group:
        clock = group.create_task(_clock(sim), name="clock of the service")
        running = [group.create_task(kiosk.run(), name="appliance") for kiosk in kiosks]
        await asyncio.sleep(5.0)
        async with asyncio.timeout(5 * MINUTE_S), asyncio.TaskGroup() as visitors:
            for kiosk in kiosks:
                visitors.create_task(kiosk.answered(), name="visitor")
        for kiosk in kiosks:
            kiosk.controls.stop.set()
        await asyncio.wait(running)
        clock.cancel()

    started = [session.created_at for session in sim.record.sessions]
    minutes = Counter(int((at - started[0]) // MINUTE_S) for at in started)
    assert [minutes[minute] for minute in sorted(minutes)] == [A_MINUTE] * 4
    # Each refusal says how long to wait, and nothing is asked before: 30, 20 and 10 refusals.
    calls = sum(request.path == "/v1/streaming.new" for request in sim.record.requests)
    assert calls == APPLIANCES + 30 + 20 + 10
    waited = [kiosk for kiosk in kiosks if any(look is Look.BUSY for _, look in kiosk.lamp.shown)]
    assert len(waited) == APPLIANCES - A_MINUTE
    assert not any(look is Look.OFFLINE for kiosk in kiosks for _, look in kiosk.lamp.shown)
    # Each is ended by its appliance: none is paid for any longer.
    assert {session.how for session in sim.record.sessions} == {"client"}
    assert list(sim.record.violations) == []
