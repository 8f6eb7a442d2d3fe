"""Seven days of conversations and incidents: nothing grows, nothing is left running or paid for."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import tracemalloc
from collections import Counter, deque
from pathlib import Path

import pytest

import ravatard
from ravatard.core import events as ev
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import TurnOutcome
from ravatard.sim.options import KeepOptions
from tests.scenario.witness import INCIDENTS, Witness, mend
from tests.scenario.world import Wishes, World, appliance

DAYS = 7
HOUR_S = 3600.0
#: From seven at night nobody is there, and the microphone is muted until the next morning.
OPEN_HOURS = range(7, 19)
#: Pauses between attempts to connect included.
QUIET_S = 150.0
#: Less than one object for each of the 84 hours with an incident.
CHANCE_OBJECTS = 40
CHANCE_BYTES = 48 * 1024
#: Tracing costs more than all the rest: on the last day alone, whose end is compared with this hour.
TRACED_FROM = 10

_PRODUCT = str(Path(ravatard.__file__).parent)


async def an_hour(world: World, witness: Witness, delays: random.Random) -> None:
    """Incidents while people talk; all is mended, and the next words are answered; then it is muted."""
    loop = asyncio.get_running_loop()
    over_at = loop.time() + HOUR_S
    world.controls.inbox.put(ev.MuteAsked(False))
    await world.passes(delays.uniform(1.0, 5.0))
    for _ in range(3):
        INCIDENTS[delays.choice(sorted(INCIDENTS))](world)
        await world.passes(delays.choice([0.0, 0.1, 1.0]))
        await world.speaks(1.5)
        await world.passes(delays.uniform(0.0, 15.0))
    mend(world)
    world.ear._pending.clear()
    await world.passes(QUIET_S)
    answers = len(world.diary.answers)
    await world.speaks(1.5)
    await world.until(lambda: len(world.diary.answers) > answers, 40.0)
    await world.passes(3.0)
    assert world.diary.turns[-1].outcome is TurnOutcome.ANSWERED
    world.controls.inbox.put(ev.MuteAsked(True))
    await world.passes(over_at - loop.time())
    witness.accept(world)
    assert world.record.open_licences() == []


def _objects() -> Counter[str]:
    """Objects of the product's own types, and what the collections they hold have in them."""
    gc.collect()
    found: Counter[str] = Counter()
    for one in gc.get_objects():
        kind = type(one)
        # Some of the interpreter's own types have no name of a module there, but a descriptor.
        module = str(kind.__module__)
        if module.startswith("ravatard.") and not module.startswith("ravatard.sim"):
            found[kind.__qualname__] += 1
            for held in gc.get_referents(one):
                if isinstance(held, list | dict | set | deque):
                    found[f"{kind.__qualname__}'s {type(held).__name__}s"] += len(held)
    return found


def _traced_bytes() -> int:
    """Memory that lines of the product have taken and that is still held."""
    snapshot = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(True, f"{_PRODUCT}/*"), tracemalloc.Filter(False, f"{_PRODUCT}/sim/*")]
    )
    return sum(one.size for one in snapshot.statistics("filename"))


def _counted(world: World, opened: int, answered: int) -> tuple[int, int]:
    """Add what the diary has to the counts; empty it, and the notes: what a test remembers is no growth."""
    diary = world.diary
    assert [one.utterance for one in diary.opened] == [
        opened + 1 + number for number in range(len(diary.opened))
    ]
    opened += len(diary.opened)
    answered += sum(turn.outcome is TurnOutcome.ANSWERED for turn in diary.turns)
    diary.__init__()  # type: ignore[misc]
    world.notes.__init__()  # type: ignore[misc]
    return opened, answered


@pytest.mark.hours
async def test_seven_days(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "ravatard")
    delays = random.Random(2026)
    witness = Witness()
    wishes = Wishes(gate=GateOptions(mode="vad"), has_button=True, observers=(witness,), speaks=True)
    tasks, objects, traced = [], [], []
    opened = answered = 0
    async with appliance(wishes, keep=KeepOptions(audio_s=60.0, messages=500, requests=500)) as world:
        witness.inbox = world.controls.inbox
        for day in range(DAYS):
            last = day == DAYS - 1
            if last:
                tracemalloc.start()
            world.controls.inbox.put(ev.MuteAsked(True))
            await world.passes(OPEN_HOURS.start * HOUR_S)
            for hour in OPEN_HOURS:
                if last and hour == TRACED_FROM:
                    opened, answered = _counted(world, opened, answered)
                    traced.append(_traced_bytes())
                await an_hour(world, witness, delays)
            await world.passes((24 - OPEN_HOURS.stop) * HOUR_S)
            opened, answered = _counted(world, opened, answered)
            tasks.append(len(asyncio.all_tasks()))
            objects.append(_objects())
        traced.append(_traced_bytes())
        tracemalloc.stop()

    assert witness.ended == list(range(1, witness.begun + 1))
    assert answered >= DAYS * len(OPEN_HOURS)
    assert len(set(tasks)) == 1
    grown = {name: (objects[1][name], count) for name, count in objects[-1].items()}
    assert {name: pair for name, pair in grown.items() if pair[1] - pair[0] > CHANCE_OBJECTS} == {}
    assert traced[-1] - traced[0] < CHANCE_BYTES
    assert world.record.counts["sessions_started"] == world.record.counts["sessions_ended"]
    assert world.record.open_licences() == []
