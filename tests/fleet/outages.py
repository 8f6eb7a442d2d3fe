"""Broker and service fail for half a minute: who is back when, how many at once; Prometheus scrapes on."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.fleet.daemons import FleetDaemon, fleet_of
from tests.fleet.servers import Prometheus, Server, broker, connects, devices, running, service, targets_of
from tests.fleet.table import Finding, Table
from tests.fleet.waiting import came_true
from tests.house.source import ROOT
from tests.integration.program import until

AWAY_S = 30.0
#: The longest wait is 120 s, and begins at most at the return.
BACK_S = 150.0
MOST_A_SECOND = 60
SCRAPED_S = 30
SERIES = 100
PROMETHEUS_MB = 600
_RULES = ROOT / "config" / "fleet" / "prometheus" / "rules.yml"


async def survived(folder: Path, count: int, simulated: int) -> Table:
    """Start ``count`` daemons and ``simulated`` devices, and take broker and service away."""
    table = Table(f"{count} daemons and {simulated} simulated devices")
    mqtt, cloud = broker(folder), service(folder)
    devices_server = devices(folder, simulated, mqtt.port)
    with running(mqtt, cloud, devices_server):
        async with fleet_of(folder, count, cloud.port, mqtt.port) as daemons:
            everyone = [one.name for one in daemons]
            table.add(Finding("daemons that work", f"{len(everyone)}", len(everyone) == count))
            targets = targets_of(simulated, devices_server.port)
            targets += [(f"127.0.0.1:{one.figures}", one.name) for one in daemons]
            prometheus = Prometheus(folder, targets, _RULES.read_text(), SCRAPED_S)
            with running(prometheus):
                began = time.monotonic()
                await _all_connected(folder, count + simulated)
                await _broker_away(folder, table, mqtt, count + simulated)
                await _service_away(table, cloud, daemons)
                await asyncio.sleep(max(0.0, 3 * SCRAPED_S - (time.monotonic() - began)))
                _scraped(table, prometheus, len(targets))
    return table


async def _all_connected(folder: Path, clients: int) -> None:
    assert await came_true(lambda: len(connects(folder, 0).clients) == clients, 240.0), "not all connected"
    # A link that held for 30 s is stable, and its loss is the first of an outage.
    await asyncio.sleep(32.0)


async def _broker_away(folder: Path, table: Table, mqtt: Server, clients: int) -> None:
    mqtt.kill()
    await asyncio.sleep(AWAY_S)
    back_at = time.time()
    mqtt.start()
    await came_true(lambda: len(connects(folder, back_at).clients) == clients, BACK_S)
    found = connects(folder, back_at)
    last_s = max(found.clients.values(), default=0) - back_at
    back = len(found.clients) == clients and last_s <= BACK_S
    text = f"{len(found.clients)} of {clients}, the last after {last_s:.0f} s"
    table.add(Finding(f"back after {AWAY_S:g} s without broker", text, back))
    busiest = max(found.seconds.values(), default=0)
    table.add(Finding("connects in the busiest second", f"{busiest}", busiest <= MOST_A_SECOND))


async def _service_away(table: Table, cloud: Server, daemons: list[FleetDaemon]) -> None:
    cloud.kill()
    await until(lambda: not any(one.works for one in daemons), "every daemon says that it is offline", 20.0)
    await asyncio.sleep(AWAY_S)
    loop = asyncio.get_running_loop()
    back_at = loop.time()
    cloud.start()
    await came_true(lambda: all(one.works for one in daemons), BACK_S)
    times = [one.notices[-1].at - back_at for one in daemons if one.works]
    found = f"{len(times)} of {len(daemons)}, the last after {max(times, default=0.0):.0f} s"
    table.add(Finding(f"back after {AWAY_S:g} s without service", found, len(times) == len(daemons)))
    busiest = max(sum(int(at) == second for at in times) for second in {int(at) for at in times} or {0})
    table.add(Finding("daemons in the busiest second", f"{busiest}", busiest <= MOST_A_SECOND))


def _scraped(table: Table, prometheus: Prometheus, targets: int) -> None:
    up = int(prometheus.value('count(up{job="ravatard"} == 1)'))
    table.add(Finding(f"targets scraped each {SCRAPED_S} s", f"{up} of {targets}", up == targets))
    series = prometheus.value("avg(scrape_samples_scraped)")
    table.add(Finding("series of a target", f"{series:.0f}", series >= SERIES - 20))
    slowest_s = prometheus.value("max(max_over_time(scrape_duration_seconds[2m]))")
    table.add(Finding("slowest scrape", f"{slowest_s * 1_000:.0f} ms", slowest_s < 10.0))
    memory_mb = prometheus.memory_mb
    table.add(Finding("memory of Prometheus", f"{memory_mb:.0f} MB", memory_mb <= PROMETHEUS_MB))
