"""Ansible over machines of a fleet: machines, a repository, an inventory, and a run with its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.fleet.machine import Machine
from tests.fleet.repository import AptRepository
from tests.house.source import ROOT

COLLECTION = ROOT / "config" / "fleet"
SUITE = "bookworm"
FIRST = "0.2.0"
#: Ports of the figures begin here.
PORTS = 21_000
#: The longest run.
PATIENCE_S = 1_800.0
#: Machines of a run that need not be of all.
SOME = 3
SECRETS = {
    "service.project_id": "project-of-the-fleet",
    "mqtt.password": "password-at-the-broker",
    "metrics.token": "token-of-the-scraper",
}
#: Nothing listens there.
_NOWHERE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
_RECAP = re.compile(r"^(\S+)\s*: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recap:
    """End of a run of Ansible.

    Attributes:
        changed: machine -> number of changed tasks, of every machine that was reached in the waves.
        failed: machines on which a task failed.
        seconds: length of the run.
        output: everything it printed.
    """

    changed: dict[str, int]
    failed: list[str]
    seconds: float
    output: str


@dataclass(slots=True)
class Rollout:
    """Machines, a repository and an inventory.

    Attributes:
        machines: in the order of the inventory.
        variables: of the whole fleet.
        away: names of machines that cannot be reached.
        own: variables of single machines, by name.
    """

    folder: Path
    repository: AptRepository
    machines: list[Machine]
    variables: dict[str, Any] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    own: dict[str, dict[str, Any]] = field(default_factory=dict)

    def play(self, *words: str, playbook: str = "site", until: Callable[[], bool] = lambda: False) -> Recap:
        """Run a playbook, and return its end. It is killed at the moment when ``until`` becomes true."""
        (self.folder / "inventory.yml").write_text(yaml.safe_dump(self._inventory()))
        began = time.monotonic()
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [
                    *("ansible-playbook", "-i", "inventory.yml", f"ravatard.fleet.{playbook}"),
                    *("--forks", "4", *words),
                ],
                cwd=self.folder,
                env={
                    **os.environ,
                    "ANSIBLE_COLLECTIONS_PATH": str(self.folder),
                    "ANSIBLE_PIPELINING": "true",
                    "ANSIBLE_NOCOLOR": "true",
                    "LC_ALL": "C.UTF-8",
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            while process.poll() is None:
                if until() or time.monotonic() > began + PATIENCE_S:
                    os.killpg(process.pid, signal.SIGKILL)
                time.sleep(0.05)
            output.seek(0)
            said = output.read()
        rows = _RECAP.findall(said)
        return Recap(
            {name: int(changed) for name, ok, changed, _, _ in rows if int(ok)},
            [name for name, _, _, _, failed in rows if int(failed)],
            time.monotonic() - began,
            said,
        )

    def _inventory(self) -> dict[str, Any]:
        hosts = {
            one.name: {"ansible_shell_executable": str(one.shell), "appliance_metrics_port": PORTS + number}
            | (_NOWHERE if one.name in self.away else {})
            | self.own.get(one.name, {})
            for number, one in enumerate(self.machines)
        }
        common = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_remote_tmp": str(self.folder / "ansible-tmp"),
            "appliance_repository": self.repository.address,
            "appliance_repository_key": str(self.repository.key),
            "appliance_suite": SUITE,
        }
        # The monitor is one of them here: what it is sent goes elsewhere than what an appliance is.
        watching: dict[str, Any] = {"hosts": {self.machines[-1].name: {}}}
        return {
            "ravatard": {"hosts": hosts, "vars": common | self.variables},
            "ravatard_monitor": watching,
            "ravatard_broker": watching,
        }

    def states(self) -> dict[str, str]:
        """Return version and settings of each machine, as far as they are there."""
        command = "dpkg-query -W -f '${Version} ' ravatard; sha256sum </etc/ravatard/ravatard.d/50-fleet.yaml"
        return {one.name: one.run(command) for one in self.machines}


@contextmanager
def prepared(folder: Path, count: int, base_url: str) -> Iterator[Rollout]:
    """Make machines and a repository with one good version."""
    collection = folder / "ansible_collections" / "ravatard" / "fleet"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(COLLECTION)
    silence = folder / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(32_000))
    repository = AptRepository(folder / "packages", "stable", SUITE)
    machines = [
        Machine(f"kiosk-{number:02d}", folder / f"kiosk-{number:02d}") for number in range(1, count + 1)
    ]
    settings = {
        "service": {"base_url": base_url, "avatar": "Ada"},
        "ravatar": {"mode": "chat"},
        "microphone": {"wav": str(silence), "repeat": True},
        "speaker": {"enabled": False},
        "metrics": {"listen": "loopback", "port": "{{ appliance_metrics_port }}"},
        # No broker: only that the id is known when the settings are written.
        "mqtt": {"username": "{{ appliance_id }}"},
    }
    try:
        repository.add(FIRST)
        for number, one in enumerate(machines):
            one.start(PORTS + number)
        yield Rollout(
            folder,
            repository,
            machines,
            {
                "appliance_version": FIRST,
                "appliance_settings": settings,
                "appliance_secrets": dict(SECRETS),
                "appliance_working_s": 60,
            },
        )
    finally:
        for one in machines:
            one.stop()
        repository.close()


def starts(machine: Machine) -> list[str]:
    """Return how the daemon was started, and reloads, in their order."""
    return machine.run("cat /var/log/ravatard.starts").split()
