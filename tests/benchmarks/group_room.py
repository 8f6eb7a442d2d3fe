"""One of several answers: real daemons in one room, and how soon a claim is decided on a real broker."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from ravatard.mqtt.group_channel import GroupChannel
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile
from tests.integration.mqtt_rig import Mosquitto, RoomMember, carry
from tests.integration.program import until
from tests.integration.room_rig import APART_S, daemon_room

_SEED = 1_017
#: From the first detection, as the issue of this feature has it.
_DECIDED_MS = 150.0


async def measure(*, tries: int, claims: int) -> list[Table]:
    """Two tables.

    Args:
        tries: sentences that are said to three daemons.
        claims: claims whose decision is timed.
    """
    return [await _daemons(tries), await _decisions(claims)]


async def _daemons(tries: int) -> Table:
    dice = random.Random(_SEED)
    with tempfile.TemporaryDirectory() as name:
        async with daemon_room(Path(name)) as room:
            found = [await room.one_try(dice) for _ in range(tries)]
    answers = Counter(len(one.answered) for one in found)
    winners = Counter(own for one in found for own in one.answered)
    yielded = sum(len(one.yielded) for one in found)
    rows = [
        Row(f"{count} answered", [f"{answers[count]}"], Aim()) for count in sorted({0, 1, 2, 3, *answers})
    ]
    wrong = tries - answers[1]
    rows.append(Row("tries in which not exactly one did", [f"{wrong}"], at_most(wrong, 0, "tries")))
    notes = [
        f"Three real daemons, detections up to {APART_S * 1000:.0f} ms apart, {tries} sentences.",
        f"Each answered {', '.join(str(count) for count in sorted(winners.values()))} times;",
        f"{yielded} turns were begun, and left to another one.",
    ]
    return Table("One of three answers: tries", ("tries",), rows, notes)


async def _decisions(claims: int) -> Table:
    with tempfile.TemporaryDirectory() as name:
        broker = Mosquitto(Path(name))
        broker.start()
        try:
            decided = await _decided_ms(broker.port, 3, claims)
            alone = await _decided_ms(broker.port, 1, claims)
        finally:
            broker.stop()
    rows = [
        _row("all three know who answers", decided, _DECIDED_MS),
        _row("an appliance that is alone begins", alone, 1.0),
    ]
    notes = ["From the first detection, in one process, over mosquitto. Detections within 20 ms."]
    return Table("Claims of a room: ms", ("median", "p95", "worst"), rows, notes)


def _row(what: str, waits_ms: list[float], limit_ms: float) -> Row:
    found = [percentile(waits_ms, percent) for percent in (50, 95, 100)]
    return Row(what, [f"{one:.2f}" for one in found], at_most(found[1], limit_ms, "ms p95"))


async def _decided_ms(port: int, members: int, claims: int) -> list[float]:
    """Milliseconds from the first detection until all know who answers, for each claim."""
    dice = random.Random(_SEED)
    channels = [GroupChannel(f"ravatard/group/of-{members}/turn") for _ in range(members)]
    began: list[int] = []

    found = []
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(carry(channel, port, f"member-{members}-{number}"))
            for number, channel in enumerate(channels)
        ]
        rooms = [RoomMember(number, channels[number], began) for number in range(members)]
        tasks += [group.create_task(room.stage.run()) for room in rooms]
        await until(lambda: all(room.knows >= members - 1 for room in rooms), "they know each other")
        for _ in range(claims):
            began.clear()
            first_at = time.perf_counter()
            for room in dice.sample(rooms, members):
                room.hear()
                if members > 1:
                    await asyncio.sleep(dice.uniform(0.0, 0.01))
            # A check costs less than what it waits for.
            while not (began and (members == 1 or len({room.owner for room in rooms} - {None}) == 1)):  # noqa: ASYNC110
                await asyncio.sleep(0.0005)
            found.append((time.perf_counter() - first_at) * 1_000)
            await until(lambda: sum(room.talks for room in rooms) == 1, "one talks")
            for room in rooms:
                room.fall_silent()
            await until(lambda: not any(room.owner for room in rooms), "the room is free")
        for task in tasks:
            task.cancel()
    return found
