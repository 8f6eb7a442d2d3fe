"""Simulated devices: ``python -m tests.fleet.devices``; the daemon's own MQTT and figures, without its sound.

Each is an :class:`MqttAdapter` as the daemon has it, and a target of Prometheus at a loopback address of its
own. A line ``NUMBER KEY VALUE`` on standard input changes a field of one's report.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress

from aiohttp import web

from ravatard.core.audio.progress import Progress
from ravatard.core.backoff import BackoffOptions
from ravatard.core.control.figures import Figures
from ravatard.core.control.protocol import agreed
from ravatard.core.control.status import Reporter
from ravatard.core.conversation.conversation import Conversation
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.gate import GateOptions
from ravatard.mqtt.assembly import ApplianceIdentity, MqttSections, mqtt_adapter
from ravatard.mqtt.options import MqttOptions
from ravatard.web.metrics.collector import StaticFacts, StatusCollector
from ravatard.web.metrics.exposition import Exposition

OPTIONS = ConversationOptions(SessionOptions(), TurnOptions(), GateOptions(), has_button=False)
#: Starts a second: a fleet that is switched on in one moment is not what is measured.
STARTS_A_SECOND = 25


def address(number: int) -> str:
    """Return the loopback address of a device."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


class SimulatedAppliance:
    """What a device reports: a working appliance, until it is told otherwise."""

    def __init__(self) -> None:
        """Report that all is well."""
        self.report = Reporter(Conversation(OPTIONS), OPTIONS, 0.0, Progress()).snapshot(0.0)
        self.report |= {"state": "ready", "working": True, "degraded": [], "access_expires_s": 3600.0}
        self.report["link"]["state"] = "online"
        self.report["microphone"] |= {"state": "open", "level_db": -60.0, "floor_db": -65.0}
        self.report["health"] = {"temperature_c": 48.5}

    async def answers(self, line: bytes) -> AsyncGenerator[bytes, None]:
        """See :class:`ravatard.core.control.protocol.ControlHandler`; a watcher sees no change."""
        yield agreed("", status=self.report)
        if json.loads(line)["do"] == "watch":
            await asyncio.Event().wait()


async def _connected(number: int, port: int, appliance: SimulatedAppliance) -> None:
    await asyncio.sleep(number / STARTS_A_SECOND)
    dice = random.Random(number)
    sections = MqttSections(MqttOptions(host="127.0.0.1", port=port), reconnect=BackoffOptions())
    own = ApplianceIdentity(f"ravatard-{number:016x}", "0.2.0")
    adapter, _ = mqtt_adapter(sections, own, None, dice.random)
    await adapter.serve(appliance)


async def _served(appliances: list[SimulatedAppliance], port: int) -> None:
    shown = [
        Exposition(StatusCollector(Figures(), lambda: 0.0, StaticFacts("0.2.0", "chat", 3_600.0)), one)
        for one in appliances
    ]
    numbers = {address(number): number for number in range(len(appliances))}

    async def answer(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        number = numbers[request.transport.get_extra_info("sockname")[0]]
        body, content_type = await shown[number].negotiated(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", port, backlog=1_024).start()


async def _obey(appliances: list[SimulatedAppliance]) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        number, key, value = line.decode().split()
        appliances[int(number)].report[key] = json.loads(value)


async def _run(count: int, broker: int, figures: int) -> None:
    appliances = [SimulatedAppliance() for _ in range(count)]
    await _served(appliances, figures)
    async with asyncio.TaskGroup() as group:
        connected = appliances if broker else []
        tasks = [group.create_task(_connected(number, broker, one)) for number, one in enumerate(connected)]
        # Its end is ours.
        await _obey(appliances)
        for task in tasks:
            task.cancel()


def main() -> None:
    """Run until standard input ends."""
    parser = argparse.ArgumentParser()
    for name in ("count", "broker", "figures"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(arguments.count, arguments.broker, arguments.figures))


if __name__ == "__main__":
    main()
