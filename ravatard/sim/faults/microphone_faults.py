"""The steps of a scenario that are about the microphone, played to a simulated one."""

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

#: How long a card is away that comes back, where the step does not say.
_AWAY_S = 1.0


async def inject_faults(ear: SimMicrophone, scenario: Scenario) -> None:
    """Do to ``ear`` what the scenario says, at its times; the scenario begins now.

    Cancelled, it leaves the ear as it is.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    for at, verb in sorted(_plan(ear, scenario), key=lambda pair: pair[0]):
        await asyncio.sleep(began + at - loop.time())
        verb()


def _plan(ear: SimMicrophone, scenario: Scenario) -> list[tuple[float, Callable[[], None]]]:
    plan: list[tuple[float, Callable[[], None]]] = []
    for step in scenario.steps:
        if not isinstance(step.do, MicrophoneFault):
            continue
        begin, mend = _verbs(ear, step.do)
        at = step.when.after_s or 0.0
        plan.append((at, begin))
        for_s = step.for_s
        if for_s is None and isinstance(step.do, MicrophoneCrash | MicrophoneRename):
            for_s = _AWAY_S
        if for_s is not None:
            plan.append((at + for_s, mend))
    return plan


def _verbs(ear: SimMicrophone, fault: MicrophoneFault) -> tuple[Callable[[], None], Callable[[], None]]:
    """What begins the fault, and what ends it."""
    match fault:
        case MicrophoneHang():
            return ear.hang, partial(ear.hang, hung=False)
        case MicrophoneZeros():
            return ear.zeros, partial(ear.zeros, deaf=False)
        case MicrophoneDoubleRate():
            return ear.double_rate, partial(ear.double_rate, fast=False)
        case MicrophoneCrash():
            return partial(ear.unplug, "its process died"), ear.replug
        case MicrophoneRename(name):
            return ear.unplug, partial(_back_as, ear, name)
        case _:
            assert_never(fault)


def _back_as(ear: SimMicrophone, name: str) -> None:
    ear.name = name
    ear.replug()
