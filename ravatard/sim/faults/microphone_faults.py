"""Microphone faults of a scenario, applied to a simulated microphone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import assert_never

from ravatard.sim.faults.scenario import (
    MicrophoneCrash,
    MicrophoneDoubleRate,
    MicrophoneFault,
    MicrophoneHang,
    MicrophoneRename,
    MicrophoneZeros,
    Scenario,
)
from ravatard.sim.microphone import SimMicrophone

#: Absence of a card that comes back, where the step does not set it.
_AWAY_S = 1.0


async def inject_faults(microphone: SimMicrophone, scenario: Scenario) -> None:
    """Apply the microphone faults of ``scenario`` at their times; the scenario begins now.

    Cancelling leaves the microphone as it is.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    for at, action in sorted(_plan(microphone, scenario), key=lambda pair: pair[0]):
        await asyncio.sleep(began + at - loop.time())
        action()


def _plan(microphone: SimMicrophone, scenario: Scenario) -> list[tuple[float, Callable[[], None]]]:
    plan: list[tuple[float, Callable[[], None]]] = []
    for step in scenario.steps:
        if not isinstance(step.do, MicrophoneFault):
            continue
        begin, end = _actions(microphone, step.do)
        at = step.when.after_s or 0.0
        plan.append((at, begin))
        for_s = step.for_s
        if for_s is None and isinstance(step.do, MicrophoneCrash | MicrophoneRename):
            for_s = _AWAY_S
        if for_s is not None:
            plan.append((at + for_s, end))
    return plan


def _actions(
    microphone: SimMicrophone, fault: MicrophoneFault
) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return the actions that begin and end ``fault``."""
    match fault:
        case MicrophoneHang():
            return microphone.hang, partial(microphone.hang, hung=False)
        case MicrophoneZeros():
            return microphone.zeros, partial(microphone.zeros, zeros=False)
        case MicrophoneDoubleRate():
            return microphone.double_rate, partial(microphone.double_rate, fast=False)
        case MicrophoneCrash():
            return partial(microphone.unplug, "its process died"), microphone.replug
        case MicrophoneRename(name):
            return microphone.unplug, partial(_replug_as, microphone, name)
        case _:
            assert_never(fault)


def _replug_as(microphone: SimMicrophone, name: str) -> None:
    microphone.name = name
    microphone.replug()
