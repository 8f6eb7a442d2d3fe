"""The daemon in real time beside a busy core: ``make soak``, ``python -m tests.benchmarks.soak --minutes N``.

A recording is its microphone, again and again; every answer begins and ends a turn. The answers are heard,
from the live stream, by a program that is the speaker; with ``--mute`` there is none. What grows, and whether
a frame is ever dropped, is looked at every half a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ravatard.cli.demo.pauses import lengthened
from ravatard.sim.server import SimServer
from tests.benchmarks import procfs, scenes
from tests.benchmarks.appliance import NO_SPEAKER, Appliance, service
from tests.benchmarks.report import Aim, Row, Table, slope
from tests.integration.daemon import Config

_EVERY_S = 30.0
#: Buffers are made and caches filled by the first turns: what grows then is not counted.
_SETTLE_S = 20.0
_AIM_KB_PER_HOUR = 1024.0
#: Over less than this a single page is a steep slope.
_JUDGED_S = 1800.0
_CONFIG: Config = {"microphone": {"wav": str(scenes.RECORDING), "repeat": True}}
#: Room for an answer, which the microphone is not listened to in.
_PAUSE_S = 6.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the daemon and its sound processes together. Memory in kB."""

    at_s: float
    rss: float
    pss: float
    files: int
    threads: int
    answers: int
    dropped: int


async def measure(minutes: float, *, speaks: bool = True) -> Table:
    """One table, and a line to standard error at every look; ``speaks``: the answers are heard."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configs = [_CONFIG]
        if speaks:
            recording = lengthened(scenes.RECORDING, folder / "patient.wav", _PAUSE_S)
            configs.append({"microphone": {"wav": str(recording)}})
        else:
            configs.append(NO_SPEAKER)
        async with (
            service() as server,
            Appliance(folder / "soak", server.base_url, [], *configs) as appliance,
            _busy_core(),
        ):
            await appliance.ready()
            pids = appliance.pid, *procfs.children_of(appliance.pid)
            await asyncio.sleep(_SETTLE_S)
            looks = await _watched(appliance, server, pids, minutes)
            report = await _report(appliance)
            if (appliance.pid, *procfs.children_of(appliance.pid)) != pids:
                raise RuntimeError(f"a sound process was started again\n{appliance.story()}")
            violations = server.record.counts["violations"]
    return _table(looks, report, violations, speaks=speaks)


async def _watched(
    appliance: Appliance, server: SimServer, pids: Sequence[int], minutes: float
) -> list[Look]:
    begun = time.monotonic()
    looks: list[Look] = []
    while True:
        report = await _report(appliance)
        look = _look(pids, time.monotonic() - begun, server.record.counts["answers"], report)
        looks.append(look)
        print(look, file=sys.stderr, flush=True)
        if look.at_s >= minutes * 60:
            return looks
        await asyncio.sleep(min(_EVERY_S, max(0.1, minutes * 60 - look.at_s)))


def _look(pids: Sequence[int], at_s: float, answers: int, report: dict[str, Any]) -> Look:
    return Look(
        at_s=round(at_s, 1),
        rss=sum(_rss_kb(pid) for pid in pids),
        pss=round(procfs.memory(pids).pss * 1024),
        files=sum(procfs.open_files(pid) for pid in pids),
        threads=sum(procfs.threads(pid) for pid in pids),
        answers=answers,
        dropped=report["counters"]["overruns"],
    )


def _rss_kb(pid: int) -> int:
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return resident * os.sysconf("SC_PAGE_SIZE") // 1024


async def _report(appliance: Appliance) -> dict[str, Any]:
    """What ``ravatard status --json`` says."""
    folder = appliance.config_file.parent
    words = [sys.executable, "-m", "ravatard", "status", "--json"]
    environ = dict(os.environ) | {"RUNTIME_DIRECTORY": os.environ.get("RUNTIME_DIRECTORY", str(folder))}
    done = await asyncio.to_thread(subprocess.run, words, stdout=subprocess.PIPE, env=environ, check=False)
    if not done.stdout:
        raise RuntimeError(f"ravatard status says nothing\n{appliance.story()}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@asynccontextmanager
async def _busy_core() -> AsyncIterator[None]:
    """One core at 100 % for as long as it lasts."""
    burner = await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
    try:
        yield
    finally:
        burner.kill()
        await burner.wait()


def _table(looks: Sequence[Look], report: dict[str, Any], violations: int, *, speaks: bool) -> Table:
    first, last = looks[0], looks[-1]

    def row(what: str, name: str, aim: float | None) -> Row:
        values = [(look.at_s / 3600, getattr(look, name)) for look in looks]
        rise = slope(values)
        figures = [f"{values[0][1]:.0f}", f"{values[-1][1]:.0f}", f"{rise:+.1f}"]
        return Row(what, figures, Aim() if aim is None else Aim(f"<= {aim:g}", rise <= aim))

    rows = [
        row("resident memory, kB", "rss", _AIM_KB_PER_HOUR if last.at_s >= _JUDGED_S else None),
        # Rises and falls with what else runs this Python: the simulator, the program that is busy.
        row("proportional memory, kB", "pss", None),
        row("open files", "files", 1.0),
        row("threads", "threads", 1.0),
        row("answers", "answers", None),
        Row("dropped frames", [str(first.dropped), str(last.dropped)], Aim("none", last.dropped == 0)),
    ]
    if speaks:
        heard, underruns = report["counters"]["answers_heard"], report["counters"]["underruns"]
        rows.append(Row("times the avatar was heard", ["", str(heard)]))
        rows.append(Row("underruns", ["", str(underruns)]))
    turns = ", ".join(f"{count} {name}" for name, count in report["counters"]["turns"].items() if count)
    notes = (
        "The daemon and its sound processes together, beside a program that keeps one core busy.",
        "Slope: of the straight line through all looks; over a few minutes it says little.",
        f"Turns: {turns or 'none'}. The service saw {violations} violations of its protocol.",
    )
    return Table(f"Soak: {last.at_s / 60:.0f} minutes", ("first", "last", "slope per hour"), rows, notes)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description="Watch the daemon.")
    parser.add_argument("--minutes", type=float, default=60.0, metavar="N", help="how long (default: 60)")
    parser.add_argument("--mute", action="store_true", help="without a speaker: more turns in the same time")
    chosen = parser.parse_args()
    print(asyncio.run(measure(chosen.minutes, speaks=not chosen.mute)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
