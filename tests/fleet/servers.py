"""Programs around the fleet, each ended with its context: broker, service, Prometheus, devices, silence."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.fleet.devices import address
from tests.integration.program import RAVATARD

PATIENCE_S = 30.0


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Server:
    """A program that listens on a port, and can be killed and started again."""

    def __init__(self, port: int, *command: str, log: Path) -> None:
        """Prepare; nothing runs yet."""
        self.port, self._command, self._log = port, command, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
            )
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
            except OSError:
                assert time.monotonic() < give_up_at, f"{self._command[0]} does not listen: {self._log}"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def memory_mb(self) -> float:
        """Resident memory."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Start all, and end them."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in reversed(servers):
            server.kill()


def broker(folder: Path) -> Server:
    """Return a broker that logs every connection with its second."""
    port, log = free_port(), folder / "mosquitto.log"
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\nlog_dest stdout\nlog_type notice\n"
        "connection_messages true\nlog_timestamp true\n"
    )
    # Line by line, or its newest lines would be seen minutes later.
    return Server(port, "stdbuf", "-oL", "mosquitto", "-c", str(config), log=log)


@dataclass(frozen=True, slots=True)
class Connects:
    """Connections to the broker since a moment.

    Attributes:
        seconds: second since the epoch -> how many connected in it.
        clients: each client -> the second of its last connection.
    """

    seconds: Counter[int]
    clients: dict[str, int]


def connects(folder: Path, since_s: float) -> Connects:
    """Return who connected to the broker since ``since_s``, seconds since the epoch."""
    found = Connects(Counter(), {})
    for line in (folder / "mosquitto.log").read_text(errors="replace").splitlines():
        at, _, text = line.partition(": ")
        if "New client connected" in text and int(at) >= int(since_s):
            found.seconds[int(at)] += 1
            found.clients[text.partition(" as ")[2].partition(" (")[0]] = int(at)
    return found


def service(folder: Path) -> Server:
    """Return the simulated service."""
    port = free_port()
    return Server(port, str(RAVATARD), "simulate", "--port", str(port), log=folder / "service.log")


def devices(folder: Path, count: int, broker_port: int) -> Server:
    """Return ``count`` simulated devices; ``broker_port`` 0: they have no broker."""
    port = free_port()
    words = ("--count", str(count), "--broker", str(broker_port), "--figures", str(port))
    return Server(port, sys.executable, "-m", "tests.fleet.devices", *words, log=folder / "devices.log")


class Prometheus(Server):
    """Debian's Prometheus with the fleet's rules."""

    def __init__(self, folder: Path, targets: Sequence[tuple[str, str]], rules: str, every_s: int) -> None:
        """``targets``: address and name of each appliance; ``rules``: text of the file."""
        port = free_port()
        (folder / "rules.yml").write_text(rules)
        named = [{"targets": [where], "labels": {"appliance": name, "site": ""}} for where, name in targets]
        (folder / "targets.json").write_text(json.dumps(named))
        config = {
            "global": {"scrape_interval": f"{every_s}s", "evaluation_interval": f"{every_s}s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [
                {
                    "job_name": "ravatard",
                    "sample_limit": 150,
                    "file_sd_configs": [{"files": ["targets.json"]}],
                }
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        words = (
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        super().__init__(port, "prometheus", *words, log=folder / "prometheus.log")

    def value(self, expression: str) -> float:
        """Return the one value of an expression; 0 for none."""
        found = self._get("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def firing(self) -> set[tuple[str, str]]:
        """Return name and appliance of each alert that fires."""
        alerts = self._get("alerts")["alerts"]
        return {
            (one["labels"]["alertname"], one["labels"].get("appliance", ""))
            for one in alerts
            if one["state"] == "firing"
        }

    def _get(self, what: str, **query: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as reply:
            data: dict[str, Any] = json.load(reply)["data"]
            return data


def targets_of(count: int, port: int) -> list[tuple[str, str]]:
    """Return the targets of simulated devices."""
    return [(f"{address(number)}:{port}", f"device-{number:04d}") for number in range(count)]
