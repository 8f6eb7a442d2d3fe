"""How soon the real daemon can be talked to again after the service was restarted."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.benchmarks import scenes
from tests.benchmarks.appliance import Appliance, feeder, service
from tests.benchmarks.report import Row, Table, at_most, percentile

#: The service is away for this long, one after the other; about what a restart takes.
AWAY_S = (0.3, 0.5, 0.8, 1.0)
LIMIT_S = 3.0
#: A link that held this long is stable: the next wait is a first one.
_STABLE_S = 1.0
_PATIENCE_S = 30.0


async def measure(*, rounds: int) -> list[Table]:
    """One table: from the moment the service listens again to an open socket, the live session kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "quiet.pcm").write_bytes(scenes.quiet_room(10))
        times = await _times(folder, rounds)
    figures = [f"{percentile(times, 50):.2f}", f"{percentile(times, 100):.2f}"]
    rows = [Row("listens -> live session usable, s", figures, at_most(max(times), LIMIT_S, "s"))]
    notes = (
        f"{rounds} restarts, away for {', '.join(f'{away_s:g}' for away_s in AWAY_S)} s in turn; the aim",
        "holds for the worst. The service keeps its key and its licences: the session can be used as soon as",
        "the socket is open. In general an appliance is back within 1 + L + L*L/10 s after L s away.",
    )
    return [Table("The service is restarted, real processes", ("median", "worst"), rows, notes)]


async def _times(folder: Path, rounds: int) -> list[float]:
    async with service() as server:
        port, cloud = server.port, server.cloud
        appliance = Appliance(
            folder / "restarts",
            server.base_url,
            feeder(folder / "quiet.pcm"),
            {"session": {"keep": "always"}, "reconnect": {"stable_s": _STABLE_S}},
        )
        async with appliance:
            await appliance.until(lambda: appliance.sessions(server), "a live session")
            await asyncio.sleep(_STABLE_S * 1.5)
            await server.__aexit__(None, None, None)
            times = []
            for number in range(rounds):
                await asyncio.sleep(AWAY_S[number % len(AWAY_S)])
                opened = cloud.record.counts["lines_opened"]
                async with SimServer(SimOptions(), port=port, cloud=cloud):
                    listens_at = time.monotonic()
                    await _until_opened(cloud.record.counts, opened)
                    times.append(time.monotonic() - listens_at)
                    await asyncio.sleep(_STABLE_S * 1.5)
            return times


async def _until_opened(counts: dict[str, int], opened: int) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        # Two processes: nobody else tells us. 5 ms of a second are no error.
        while counts["lines_opened"] == opened:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
