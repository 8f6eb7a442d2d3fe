"""Starting and stopping the real daemon, again and again."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ravatard.sim.server import SimServer
from tests.benchmarks import scenes
from tests.benchmarks.appliance import Appliance, feeder, service
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile, ratios, spread

#: Patience on a busy machine, no aim.
_LIMIT_S = 60.0
#: The libraries that the daemon on a command microphone uses; their import is the floor of its start.
_FLOOR = "import asyncio, aiohttp, msgspec, yaml"


@dataclass(frozen=True, slots=True)
class Life:
    """One run. Milliseconds.

    Attributes:
        ready: from the start to ``READY=1``, wall clock.
        ready_cpu: CPU of the daemon and its sound processes until then.
        imports_cpu: CPU of an interpreter that imports :data:`_FLOOR`, measured beside.
        ended: from SIGTERM to the request that ends the live session.
        exited: from SIGTERM to the exit.
    """

    ready: float
    ready_cpu: float
    imports_cpu: float
    ended: float
    exited: float


async def measure(*, lives: int) -> list[Table]:
    """One table: start and stop."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "quiet.pcm").write_bytes(scenes.quiet_room(10))
        async with service() as server:
            measured = [await _live(server, folder, number) for number in range(lives)]
    return [_table(measured)]


async def _live(server: SimServer, folder: Path, number: int) -> Life:
    loop = asyncio.get_running_loop()
    appliance = Appliance(
        folder / f"life-{number}",
        server.base_url,
        feeder(folder / "quiet.pcm"),
        # What is timed at the end is the end of a live session: there has to be one.
        {"session": {"keep": "always"}},
    )
    imports_cpu_ms = _imports_cpu_ms()
    async with appliance:
        while not (told := appliance.told("READY", "1")):
            if loop.time() - appliance.started_at > _LIMIT_S:
                raise TimeoutError(f"not ready within {_LIMIT_S:g} s\n{appliance.story()}")
            await asyncio.sleep(0.005)
        cpu_ms = appliance.cpu_s() * 1000
        await appliance.until(lambda: appliance.sessions(server), "a live session")
        await asyncio.sleep(0.2)
        stopped_at = time.monotonic()
        exited_s = await appliance.stopped(signal.SIGTERM)
    (session,) = appliance.sessions(server)
    if session.ended_at is None:
        raise RuntimeError(f"the session was not ended\n{appliance.story()}")
    return Life(
        ready=(told[0].at - appliance.started_at) * 1000,
        ready_cpu=cpu_ms,
        imports_cpu=imports_cpu_ms,
        ended=(session.ended_at - stopped_at) * 1000,
        exited=exited_s * 1000,
    )


def _imports_cpu_ms() -> float:
    script = f"import time\n{_FLOOR}\nprint(time.process_time())"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return float(run.stdout) * 1000


def _table(lives: Sequence[Life]) -> Table:
    def row(what: str, values: Sequence[float], aim: Aim | None = None, **beside: Sequence[float]) -> Row:
        return Row(what, [spread(values, 0), f"{percentile(values, 95):.0f}"], aim or Aim(), beside)

    names = ("ready", "ended", "exited", "ready_cpu", "imports_cpu")
    ready, ended, exited, ready_cpu, imports_cpu = ([getattr(life, name) for life in lives] for name in names)
    rows = [
        row("start -> READY=1, ms", ready, at_most(max(ready), 1000, "ms")),
        row("   CPU until then, all processes", ready_cpu, by_imports=ratios(ready_cpu, imports_cpu)),
        row("   CPU of importing asyncio, aiohttp, msgspec, yaml", imports_cpu),
        row("SIGTERM -> endLiveSession at the service, ms", ended, at_most(max(ended), 50, "ms")),
        row("SIGTERM -> exit, ms", exited, at_most(max(exited), 2000, "ms")),
    ]
    notes = (
        f"{len(lives)} runs; aims hold for the worst of them. The start includes that of the feeder (a bare "
        "interpreter) and its",
        "first 20 ms of sound.",
    )
    return Table("Start and stop of the real process", ("median [least, most]", "p95"), rows, notes)
