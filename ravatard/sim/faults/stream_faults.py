"""Stream faults of a scenario, applied to the simulator's streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import assert_never

from ravatard.sim.faults.scenario import Scenario
from ravatard.sim.streaming.faults import (
    StreamClose,
    StreamDead,
    StreamFault,
    StreamFlood,
    StreamLoss,
    StreamMissing,
    StreamRefuse,
    StreamRestart,
)
from ravatard.sim.streaming.streams import Streams

Action = Callable[[], None]


async def inject_faults(streaming: Streams, scenario: Scenario) -> None:
    """Apply the stream faults of ``scenario`` at their times; the scenario begins now.

    Cancelling leaves the streams as they are.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    for at, action in sorted(_plan(streaming, scenario), key=lambda pair: pair[0]):
        await asyncio.sleep(began + at - loop.time())
        action()


def _plan(streaming: Streams, scenario: Scenario) -> list[tuple[float, Action]]:
    plan: list[tuple[float, Action]] = []
    for step in scenario.steps:
        if not isinstance(step.do, StreamFault):
            continue
        at = step.when.after_s or 0.0
        begin, end = _actions(streaming, step.do)
        plan.append((at, begin))
        if step.for_s is not None and end is not None:
            plan.append((at + step.for_s, end))
    return plan


def _actions(streaming: Streams, fault: StreamFault) -> tuple[Action, Action | None]:
    """Return the actions that begin and end ``fault``; None: it ends by itself."""
    match fault:
        case StreamClose(media):
            return partial(streaming.close_sockets, keep_media=media), None
        case StreamFlood():
            return partial(streaming.flood, fault), None
        case StreamDead():
            return streaming.kill_media, partial(streaming.kill_media, dead=False)
        case StreamRestart(away_s):
            return partial(streaming.restart, away_s), None
        case StreamMissing(lists):
            return partial(streaming.hide, lists), None
        case StreamRefuse(players):
            return partial(streaming.refuse, players), None
        case StreamLoss(loss, jitter_ms):
            impairment = streaming.impairment
            return partial(impairment.set, loss, jitter_ms / 1000), partial(impairment.set, 0.0, 0.0)
        case _:
            assert_never(fault)
