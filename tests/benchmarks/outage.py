"""How soon the real daemon can be talked to again after the service was restarted."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.benchmarks import scenes
from tests.benchmarks.appliance import Appliance, feeder, service
from tests.benchmarks.report import Row, Table, at_most, percentile
from tests.integration.daemon import Config

#: The service is away for this long, one after the other; about what a restart takes.
AWAY_S = (0.3, 0.5, 0.8, 1.0)
LIMIT_S = 3.0
#: A link that held this long is stable: the next wait is a first one.
_STABLE_S = 1.0
_PATIENCE_S = 30.0
#: A session is what is waited for. By default a link is stable much later: each restart would take a minute.
_CONFIG: Config = {"session": {"keep": "always"}, "reconnect": {"stable_s": _STABLE_S}}


async def measure(*, rounds: int) -> list[Table]:
    """One table: from the moment the service listens again to a session that can be used.

    When the service has kept its licences the open socket is enough. When it has forgotten all it knew, its
    key included, what somebody wrote meanwhile has to be taken in a new live session.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "quiet.pcm").write_bytes(scenes.quiet_room(10))
        kept = await _times(folder, rounds)
        forgotten = await _times_of_the_forgetful(folder, rounds)
    rows = [
        _row("licences kept: listens -> socket open, s", kept),
        _row("all forgotten: listens -> text taken in a new session, s", forgotten),
    ]
    notes = (
        f"{rounds} restarts each, away for {', '.join(f'{away_s:g}' for away_s in AWAY_S)} s in turn;",
        "the aim holds for the worst. In general an appliance is back within 1 + L + L*L/10 s after",
        "L s away.",
    )
    return [Table("The service is restarted, real processes", ("median", "worst"), rows, notes)]


def _row(what: str, times: list[float]) -> Row:
    figures = [f"{percentile(times, 50):.2f}", f"{percentile(times, 100):.2f}"]
    return Row(what, figures, at_most(max(times), LIMIT_S, "s"))


async def _times_of_the_forgetful(folder: Path, rounds: int) -> list[float]:
    times: list[float] = []
    async with AsyncExitStack() as stack:
        async with service() as first:
            port = first.port
            appliance = Appliance(
                folder / "forgetful",
                first.base_url,
                feeder(folder / "quiet.pcm"),
                _CONFIG,
            )
            await stack.enter_async_context(appliance)
            await appliance.until(lambda: appliance.sessions(first), "a live session", 60)
            await asyncio.sleep(_STABLE_S * 1.5)
        for number in range(rounds):
            # Beside each other: starting a program takes a while, and the service is away for no longer.
            away = asyncio.sleep(AWAY_S[number % len(AWAY_S)])
            await asyncio.gather(away, _say(appliance, f"question {number}"))
            async with SimServer(SimOptions(think_s=0), port=port) as server:
                listens_at = time.monotonic()
                await _until_more(server.record.counts, "answers", 0)
                times.append(time.monotonic() - listens_at)
                await asyncio.sleep(_STABLE_S * 1.5)
    return times


async def _say(appliance: Appliance, text: str) -> None:
    environ = dict(os.environ) | {"RUNTIME_DIRECTORY": str(appliance.config_file.parent)}
    words = [sys.executable, "-m", "ravatard", "say", text]
    process = await asyncio.create_subprocess_exec(*words, env=environ, stdout=asyncio.subprocess.DEVNULL)
    if await process.wait():
        raise RuntimeError(f"ravatard say failed\n{appliance.story()}")


async def _times(folder: Path, rounds: int) -> list[float]:
    async with service() as server:
        port, cloud = server.port, server.cloud
        appliance = Appliance(
            folder / "restarts",
            server.base_url,
            feeder(folder / "quiet.pcm"),
            _CONFIG,
        )
        async with appliance:
            await appliance.until(lambda: appliance.sessions(server), "a live session", 60)
            await asyncio.sleep(_STABLE_S * 1.5)
            await server.__aexit__(None, None, None)
            times = []
            for number in range(rounds):
                await asyncio.sleep(AWAY_S[number % len(AWAY_S)])
                opened = cloud.record.counts["lines_opened"]
                async with SimServer(SimOptions(), port=port, cloud=cloud):
                    listens_at = time.monotonic()
                    await _until_more(cloud.record.counts, "lines_opened", opened)
                    times.append(time.monotonic() - listens_at)
                    await asyncio.sleep(_STABLE_S * 1.5)
            return times


async def _until_more(counts: Mapping[str, int], name: str, before: int) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        # Two processes: nobody else tells us. 5 ms of a second are no error.
        while counts[name] <= before:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
