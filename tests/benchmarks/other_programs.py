"""Home Assistant by MQTT and the figures for Prometheus: what they cost, and how soon they tell."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from ravatard.mqtt.options import MqttOptions
from tests.benchmarks import procfs, scenes
from tests.benchmarks.appliance import Appliance, feeder, service
from tests.benchmarks.report import Row, Table, at_most, percentile, spread
from tests.integration.daemon import Config
from tests.integration.mqtt_rig import Mosquitto, Seen, fields, free_port, watching
from tests.integration.program import until

#: The speaker sleeps after ten seconds.
_REST_S = 13.0
#: States are sent at most twice a second: the next change is a new one.
_BETWEEN_CHANGES_S = 0.7
_LIBRARIES = re.compile(
    r"\| +(aiomqtt|paho|prometheus_client|ravatard\.mqtt\.adapter|ravatard\.web\.metrics\.metrics)$", re.M
)
#: Measured at mosquitto 2.0.11: what it takes longer than the standard allows.
_BROKER_LOOKS_S = 5.0
_KEEP_ALIVE_S = MqttOptions().keep_alive_s


async def measure(*, rounds: int, changes: int, idle_s: float) -> list[Table]:
    """Three tables.

    Args:
        rounds: daemons of each kind, of which the memory is compared.
        changes: changes of the state, and scrapes.
        idle_s: time in which messages are counted.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "quiet.pcm").write_bytes(scenes.quiet_room(30))
        broker = Mosquitto(folder)
        broker.start()
        try:
            bench = _Bench(folder, broker)
            return [
                await bench.memory(rounds),
                await bench.speed(changes, idle_s),
                await bench.presence(3),
            ]
        finally:
            broker.stop()


class _Bench:
    """One broker, and daemons that come and go."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self._folder, self._broker = folder, broker
        self._microphone = feeder(folder / "quiet.pcm")
        self._number = 0
        self.metrics_port = free_port()

    @property
    def mqtt(self) -> Config:
        """Section of a daemon that uses the broker."""
        return {"mqtt": {"host": "127.0.0.1", "port": self._broker.port}}

    @property
    def metrics(self) -> Config:
        """Section of a daemon that is scraped."""
        return {"metrics": {"listen": "loopback", "port": self.metrics_port}}

    @asynccontextmanager
    async def daemon(self, config: Config, environ: dict[str, str] | None = None) -> AsyncIterator[Appliance]:
        """A daemon that is ready."""
        self._number += 1
        place = self._folder / f"daemon-{self._number}"
        async with (
            service() as server,
            Appliance(place, server.base_url, self._microphone, config, environ=environ) as appliance,
        ):
            await appliance.ready()
            yield appliance

    # ------------------------------------------------------------------ memory

    async def memory(self, rounds: int) -> Table:
        """What each costs above a daemon without it."""
        kinds: dict[str, Config] = {"off": {}, "mqtt": self.mqtt, "metrics": self.metrics}
        found: dict[str, list[procfs.Memory]] = {kind: [] for kind in kinds}
        for _ in range(rounds):
            for kind, config in kinds.items():
                found[kind].append(await self._at_rest(config, scraped=kind == "metrics"))
        off = [one.alone for one in found["off"]]
        rows = [Row("neither", [spread([one.pss for one in found["off"]]), spread(off), ""])]
        for kind, limit in (("mqtt", 5.0), ("metrics", 6.0)):
            alone = [one.alone for one in found[kind]]
            more = percentile(alone, 50) - percentile(off, 50)
            rows.append(
                Row(
                    f"with {kind}",
                    [spread([one.pss for one in found[kind]]), spread(alone), f"{more:+.1f}"],
                    at_most(more, limit, "MB above off"),
                )
            )
        loaded = await self._loaded_when_off()
        rows.append(Row("modules of either, loaded when off", [str(loaded)], at_most(loaded, 0, "modules")))
        notes = ["The daemon's process, connected and listening. Of metrics after three scrapes."]
        return Table("Memory of other programs' ways: MB", ("PSS", "alone", "above off"), rows, notes)

    async def _at_rest(self, config: Config, *, scraped: bool) -> procfs.Memory:
        async with self.daemon(config) as appliance:
            if scraped:
                async with aiohttp.ClientSession() as session:
                    for _ in range(3):
                        await self._scrape(session)
            await asyncio.sleep(_REST_S)
            return procfs.memory([appliance.pid])

    async def _loaded_when_off(self) -> int:
        async with self.daemon({}, {"PYTHONPROFILEIMPORTTIME": "1"}) as appliance:
            await asyncio.sleep(2.0)
            return len(set(_LIBRARIES.findall(appliance.stderr)))

    # ------------------------------------------------------------------ speed

    async def speed(self, changes: int, idle_s: float) -> Table:
        """How soon the broker knows, how long a scrape takes, and how much either says."""
        async with (
            watching(self._broker.port) as seen,
            self.daemon({**self.mqtt, **self.metrics}) as appliance,
        ):
            await appliance.until(lambda: seen.last("/availability") == "online", "it is there")
            discovery = len(seen.last("/config") or "")
            told_ms = [await self._told(appliance, seen, number) for number in range(changes)]
            scrapes, sizes = await self._scrapes(changes)
            # What the changes have led to is over.
            await asyncio.sleep(5.0)
            begun = len(seen.messages)
            await asyncio.sleep(idle_s)
            an_hour = (len(seen.messages) - begun) * 3_600 / idle_s
        told, scrape = percentile(told_ms, 95), percentile(scrapes, 95)
        rows = [
            Row("state change to the broker's client", _timed(told_ms, "ms"), at_most(told, 100, "ms p95")),
            Row("scrape", _timed(scrapes, "ms"), at_most(scrape, 10, "ms p95")),
            Row("size of a scrape", [f"{max(sizes)} B"], at_most(max(sizes), 12_288, "B")),
            Row("size of the discovery message", [f"{discovery} B"], at_most(discovery, 4_096, "B")),
            Row("messages in an idle hour", [f"{an_hour:.0f}"], at_most(an_hour, 60, "an hour")),
        ]
        notes = [
            f"{changes} changes of the volume by the control socket, {changes} scrapes on one connection;",
            f"messages counted for {idle_s:.0f} s.",
        ]
        return Table("Speed and size", ("median", "p95"), rows, notes)

    async def _told(self, appliance: Appliance, seen: Seen, number: int) -> float:
        volume = 20 + number % 60
        begun = time.perf_counter()
        await appliance.ask(do="volume", percent=volume)
        while fields(seen.last("/state")).get("volume") != volume:  # noqa: ASYNC110 - a check is quick
            await asyncio.sleep(0.001)
        took_ms = (time.perf_counter() - begun) * 1_000
        await asyncio.sleep(_BETWEEN_CHANGES_S)
        return took_ms

    async def _scrape(self, session: aiohttp.ClientSession) -> int:
        async with session.get(f"http://127.0.0.1:{self.metrics_port}/metrics") as reply:
            return len(await reply.read())

    async def _scrapes(self, number: int) -> tuple[list[float], list[int]]:
        took, sizes = [], []
        async with aiohttp.ClientSession() as session:
            for _ in range(number):
                begun = time.perf_counter()
                sizes.append(await self._scrape(session))
                took.append((time.perf_counter() - begun) * 1_000)
                await asyncio.sleep(0.1)
        return took, sizes

    # ------------------------------------------------------------------ presence

    async def presence(self, times: int) -> Table:
        """How soon others know that it is gone, and that it is back."""
        killed, back = [], []
        for _ in range(times):
            async with watching(self._broker.port) as seen, self.daemon(self.mqtt) as appliance:
                await seen.until("/availability", "online")
                killed.append(await self._gone(appliance, seen, signal.SIGKILL))
                await appliance.ended()
        async with watching(self._broker.port) as seen, self.daemon(self.mqtt) as appliance:
            await seen.until("/availability", "online")
            halted = await self._gone(appliance, seen, signal.SIGSTOP)
            os.kill(appliance.pid, signal.SIGCONT)
        async with self.daemon(self.mqtt) as appliance:
            await appliance.until(lambda: not _broker_fault(appliance), "it is connected")
            for away_s in (1.0, *(60.0,) * (times > 1)):
                back.append(await self._back(away_s))
        rows = [
            Row(
                "killed, to unavailable",
                [f"{max(killed) * 1_000:.0f} ms"],
                at_most(max(killed), 1.5 * _KEEP_ALIVE_S, "s"),
            ),
            Row(
                "stands still, to unavailable",
                [f"{halted:.1f} s"],
                at_most(halted, 1.5 * _KEEP_ALIVE_S + _BROKER_LOOKS_S, "s"),
            ),
            Row("broker is back, to available", [f"{max(back):.1f} s"], at_most(max(back), 30, "s")),
        ]
        notes = [
            "The worst of all. The broker was away for one second, and for a minute. Every few seconds it",
            "looks for clients that have been silent for one and a half keep-alives.",
        ]
        return Table("Presence", ("worst",), rows, notes)

    async def _gone(self, appliance: Appliance, seen: Seen, number: signal.Signals) -> float:
        begun = time.perf_counter()
        os.kill(appliance.pid, number)
        await until(lambda: seen.last("/availability") == "offline", "it is unavailable", 90.0)
        return time.perf_counter() - begun

    async def _back(self, away_s: float) -> float:
        self._broker.stop()
        await asyncio.sleep(away_s)
        self._broker.start()
        begun = time.perf_counter()
        async with watching(self._broker.port) as seen:
            await until(lambda: seen.last("/availability") == "online", "it is available", 180.0)
        return time.perf_counter() - begun


def _broker_fault(appliance: Appliance) -> bool:
    return "no MQTT" in appliance.stderr and "connected" not in appliance.stderr


def _timed(values: Sequence[float], unit: str) -> list[str]:
    return [f"{percentile(values, 50):.1f} {unit}", f"{percentile(values, 95):.1f} {unit}"]
