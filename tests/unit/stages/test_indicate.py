"""The newest indication is on the lights."""

from __future__ import annotations

import asyncio

from ravatard.core.indication import Indication, Look
from ravatard.stages.indicate import indicate
from ravatard.stages.mailbox import Latest
from tests.unit.stages.fakes import FakeLamp, running


async def test_the_first_look_is_shown_at_once_and_then_every_change() -> None:
    lamp, shown = FakeLamp(), Latest(Indication(Look.STARTING, "starting"))

    async with running(lambda: indicate(shown, lamp)) as task:
        shown.put(Indication(Look.READY, "ready"))
        await asyncio.sleep(0.01)
        shown.put(Indication(Look.LISTENING, "listening"))
        shown.put(Indication(Look.THINKING, "thinking", 20))
        await asyncio.sleep(0.01)

    assert lamp.limits == [100, 100, 20]
    assert lamp.looks == [Look.STARTING, Look.READY, Look.THINKING]
    assert task.cancelled()
