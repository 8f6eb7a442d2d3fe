"""The whole appliance as an owner runs it: each figure beside the least that can be done, and its aim."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks import cpu, onset, scenes
from tests.benchmarks.appliance import Appliance, feeder, service
from tests.benchmarks.cpu import BARE, C_60, POLLER, PROGRAM, PULSEAUDIO, RECORDING, SILENT, Measured
from tests.benchmarks.report import Aim, Row, Table, at_most, ratios, spread
from tests.benchmarks.yardstick import by_rounds

_QUIET_MS, _WAKEUPS, _TIMES_POLLER = 4.2, 20.0, 5.0
_MEMORY_MB, _READY_MS, _ONSET_MS = 52.0, 350.0, 70.0
_COLUMNS = ("ravatard", "C floor, 60 ms", "bare Python loop", "polls every 60 ms")
#: The libraries that a daemon needs before it can ask a service.
_IMPORTS = "import asyncio, aiohttp, msgspec, yaml"


@dataclass(frozen=True, slots=True)
class Starts:
    """Starts of the daemon, and of an interpreter that only imports, in turn: wall clock, ms."""

    ready: list[float]
    imports: list[float]


async def measure(*, seconds: float, rounds: int, starts: int, turns: int) -> list[Table]:
    """Three tables: the whole, its cost beside the floors, the gate's placements.

    Args:
        seconds: of each window of CPU.
        rounds: such windows, a scene.
        starts: of the daemon.
        turns: requests whose onset is followed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = await cpu.sample(folder, seconds=seconds, rounds=rounds)
        started = await _starts(folder, starts)
    onsets = await onset.measure(turns=turns)
    rows = [*_quiet(measured), *_speech(measured), *_memory(measured), *_ready(started), *_onset(onsets)]
    notes = (
        "All processes of the appliance, with the product's defaults: the speaker is on and may sleep, the",
        "live voice is on; no sound card is here, so microphone and speaker are programs where nothing",
        "else is said. Memory: counted alone, with nobody else sharing anything. The floor of READY is an",
        f"interpreter that imports what a daemon needs ({_IMPORTS.removeprefix('import ')}). Onset: from a",
        "word's first sample. Sessions and the live stream are open in speech; the speaker is awake from the",
        "user's first word to ten seconds after the answer.",
        *(f"{onsets.missed} onsets brought no message within 1.5 s." for _ in range(min(1, onsets.missed))),
        *measured.notes,
    )
    return [Table("The whole appliance as an owner runs it", _COLUMNS, rows, notes), *cpu.tables(measured)]


def _beside(what: str, values: Sequence[float], *, floors: Sequence[Sequence[float]], digits: int) -> Row:
    figures = [spread(values, digits), *(spread(floor, digits) for floor in floors)]
    named = zip(_COLUMNS[1:], floors, strict=False)
    return Row(what, figures, Aim(), {f"/ {name}": ratios(values, floor) for name, floor in named})


def _judged(row: Row, values: Sequence[float], limit: float, unit: str) -> Row:
    middle = statistics.median(values) if values else None
    return Row(row.what, row.figures, at_most(middle, limit, unit), row.ratios)


def _quiet(measured: Measured) -> list[Row]:
    rows = []
    below = [measured.cpu(floor, "quiet") for floor in (C_60, BARE, POLLER)]
    woken_below = [measured.wakeups(floor, "quiet") for floor in (C_60, BARE, POLLER)]
    for name in (PROGRAM, RECORDING, PULSEAUDIO):
        ours = measured.cpu(name, "quiet")
        if not ours:
            continue
        speaker = name.removeprefix("ravatard, ")
        row = _beside(f"quiet, CPU ms/s, {speaker}", ours, floors=below, digits=2)
        rows.append(_judged(row, ours, _QUIET_MS, "ms/s"))
        times = measured.times(name, POLLER, "quiet")
        aim = at_most(statistics.median(times), _TIMES_POLLER, "x")
        rows.append(Row("   times a process that only polls", [spread(times)], aim))
        woken = measured.wakeups(name, "quiet")
        row = _beside(f"quiet, wake-ups/s, {speaker}", woken, floors=woken_below, digits=0)
        rows.append(_judged(row, woken, _WAKEUPS, "1/s"))
    return rows


def _speech(measured: Measured) -> list[Row]:
    rows = []
    below = [measured.cpu(floor, "speech") for floor in (C_60, BARE, POLLER)]
    sent_below = [measured.messages(C_60, "speech")]
    heard, silent = "answers heard live", "no answer, no stream: the floor's work"
    for name, what in ((PROGRAM, heard), (SILENT, silent)):
        rows.append(
            _beside(f"speech, CPU ms/s, {what}", measured.cpu(name, "speech"), floors=below, digits=2)
        )
        sent = measured.messages(name, "speech")
        rows.append(_beside(f"speech, messages/s, {what}", sent, floors=sent_below, digits=2))
    return rows


def _memory(measured: Measured) -> list[Row]:
    rows = []
    for scene, what, limit in (("quiet", "at rest", _MEMORY_MB), ("speech", "in a conversation", None)):
        ours = measured.alone(PROGRAM, scene)
        below = [measured.alone(floor, scene) for floor in (C_60, BARE, POLLER)]
        row = _beside(f"memory {what}, counted alone, MB", ours, floors=below, digits=1)
        rows.append(row if limit is None else _judged(row, ours, limit, "MB"))
    return rows


def _ready(started: Starts) -> list[Row]:
    aim = at_most(statistics.median(started.ready), _READY_MS, "ms")
    beside = {"/ imports": ratios(started.ready, started.imports)}
    return [
        Row("start -> READY=1, ms", [spread(started.ready, 0)], aim, beside),
        Row("   an interpreter that only imports", [spread(started.imports, 0)]),
    ]


def _onset(onsets: onset.Onsets) -> list[Row]:
    ours, floor = onsets.appliance, onsets.floor.get(60, [])
    figures = [spread(ours, 0), spread(floor, 0)]
    beside = {f"/ {_COLUMNS[1]}": by_rounds(ours, floor)}
    aim = at_most(statistics.median(ours) if ours else None, _ONSET_MS, "ms")
    return [Row("onset -> first message, ms", figures, aim, beside)]


async def _starts(folder: Path, count: int) -> Starts:
    """Start it again and again, as shipped; between two starts, an interpreter that only imports."""
    (folder / "start.pcm").write_bytes(scenes.quiet_room(10))
    found = Starts([], [])
    async with service() as server:
        for number in range(count):
            begun = time.monotonic()
            subprocess.run([sys.executable, "-c", _IMPORTS], check=True)  # noqa: ASYNC221 - nothing runs beside
            found.imports.append((time.monotonic() - begun) * 1000)
            words = feeder(folder / "start.pcm")
            async with Appliance(folder / f"start-{number}", server.base_url, words) as appliance:
                (told, *_) = await appliance.until(partial(appliance.told, "READY", "1"), "READY=1")
                found.ready.append((told.at - appliance.started_at) * 1000)
                await appliance.stopped()
    return found
