"""Five of the eight alerts, each by its cause: it fires for that appliance, and is gone with the cause."""

from __future__ import annotations

import asyncio
import re
import signal
from contextlib import AsyncExitStack
from pathlib import Path

from tests.fleet.daemons import FleetDaemon, silence
from tests.fleet.servers import Prometheus, Server, devices, running, service, targets_of
from tests.fleet.table import Finding, Table
from tests.fleet.waiting import came_true
from tests.house.source import ROOT
from tests.integration.program import until

#: Waiting times of the rules are divided by this, which the unit tests of the rules leave as they are.
QUICKER = 30
EVERY_S = 2
PATIENCE_S = 90.0
_RULES = ROOT / "config" / "fleet" / "prometheus" / "rules.yml"


def quick_rules() -> str:
    """Return the fleet's rules with shorter waiting times."""
    return re.sub(r"for: (\d+)m", lambda found: f"for: {int(found[1]) * 60 // QUICKER}s", _RULES.read_text())


async def raised(folder: Path) -> Table:
    """Cause five alerts one after the other, and take the causes away."""
    table = Table("alerts")
    cloud = service(folder)
    simulated = devices(folder, 2, 0)
    daemons = [FleetDaemon(folder, number, cloud.port, 0) for number in range(2)]
    targets = targets_of(2, simulated.port)
    targets += [(f"127.0.0.1:{one.figures}", one.name) for one in daemons]
    prometheus = Prometheus(folder, targets, quick_rules(), EVERY_S)
    with running(cloud, simulated, prometheus):
        first, second = daemons
        async with AsyncExitStack() as stack:
            stack.enter_context(silence(first))
            await stack.enter_async_context(first)
            await first.until(lambda: first.works, "the first works", 60.0)
            await _down_then_deaf(table, prometheus, second)
            await _told(table, prometheus, simulated, "RavatardNoMoney", "state", '"no-money"', '"ready"')
            await _told(
                table, prometheus, simulated, "RavatardTokenNotRenewed", "access_expires_s", "5.0", "3600.0"
            )
            await _service(table, prometheus, cloud, first)
            first.send(signal.SIGTERM)
            await asyncio.sleep(2.0)
    return table


async def _fires(prometheus: Prometheus, alert: str, appliance: str, *, fires: bool) -> bool:
    def as_wished() -> bool:
        return ((alert, appliance) in prometheus.firing()) is fires

    return await came_true(as_wished, PATIENCE_S)


def _add(table: Table, alert: str, appliance: str, *, fired: bool, resolved: bool) -> None:
    found = f"{'fired' if fired else 'did not fire'}, {'resolved' if resolved else 'stayed'}"
    table.add(Finding(f"{alert} of {appliance}", found, fired and resolved))


async def _down_then_deaf(table: Table, prometheus: Prometheus, daemon: FleetDaemon) -> None:
    """The daemon does not run yet; then it does, and its microphone stops and comes back."""
    fired = await _fires(prometheus, "RavatardDown", daemon.name, fires=True)
    async with daemon:
        with silence(daemon):
            resolved = await _fires(prometheus, "RavatardDown", daemon.name, fires=False)
            _add(table, "RavatardDown", daemon.name, fired=fired, resolved=resolved)
            await daemon.until(lambda: daemon.works, "it works", 60.0)
        fired = await _fires(prometheus, "RavatardNoMicrophone", daemon.name, fires=True)
        with silence(daemon):
            resolved = await _fires(prometheus, "RavatardNoMicrophone", daemon.name, fires=False)
        _add(table, "RavatardNoMicrophone", daemon.name, fired=fired, resolved=resolved)
        daemon.send(signal.SIGTERM)
        await daemon.ended()


async def _told(
    table: Table, prometheus: Prometheus, simulated: Server, alert: str, key: str, bad: str, good: str
) -> None:
    """Cause an alert by the report of a simulated device."""
    assert simulated.process is not None
    assert simulated.process.stdin is not None
    found = []
    for value, fires in ((bad, True), (good, False)):
        simulated.process.stdin.write(f"1 {key} {value}\n".encode())
        simulated.process.stdin.flush()
        found.append(await _fires(prometheus, alert, "device-0001", fires=fires))
    _add(table, alert, "device-0001", fired=found[0], resolved=found[1])


async def _service(table: Table, prometheus: Prometheus, cloud: Server, daemon: FleetDaemon) -> None:
    alert = "RavatardOffline"
    cloud.kill()
    fired = await _fires(prometheus, alert, daemon.name, fires=True)
    others = {one for one in prometheus.firing() if one[0] == alert} - {(alert, daemon.name)}
    cloud.start()
    await until(lambda: daemon.works, "the daemon is back", 150.0)
    resolved = await _fires(prometheus, alert, daemon.name, fires=False)
    _add(table, alert, daemon.name, fired=fired and not others, resolved=resolved)
