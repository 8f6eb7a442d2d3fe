"""Ansible over many machines: changed, unchanged, and stopped at the first by what is broken."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.fleet.machine import Machine
from tests.fleet.repository import AptRepository
from tests.fleet.table import Finding, Table
from tests.house.source import ROOT

COLLECTION = ROOT / "config" / "fleet"
SUITE = "bookworm"
FIRST, BROKEN = "0.2.0", "0.3.0"
#: Ports of the figures begin here.
PORTS = 21_000
#: Machines that a change of a setting is tried on.
SOME = 3
SECRETS = {
    "service.project_id": "project-of-the-fleet",
    "mqtt.password": "password-at-the-broker",
    "metrics.token": "token-of-the-scraper",
}
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
    """

    folder: Path
    repository: AptRepository
    machines: list[Machine]
    variables: dict[str, Any] = field(default_factory=dict)

    def play(self, *words: str, playbook: str = "site") -> Recap:
        """Run a playbook, and return its end."""
        (self.folder / "inventory.yml").write_text(yaml.safe_dump(self._inventory()))
        began = time.monotonic()
        ran = subprocess.run(
            ["ansible-playbook", "-i", "inventory.yml", f"ravatard.fleet.{playbook}", "--forks", "4", *words],
            cwd=self.folder,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(self.folder),
                "ANSIBLE_PIPELINING": "true",
                "ANSIBLE_NOCOLOR": "true",
                "LC_ALL": "C.UTF-8",
            },
            capture_output=True,
            text=True,
            timeout=1_800,
            check=False,
        )
        rows = _RECAP.findall(ran.stdout)
        return Recap(
            {name: int(changed) for name, ok, changed, _, _ in rows if int(ok)},
            [name for name, _, _, _, failed in rows if int(failed)],
            time.monotonic() - began,
            ran.stdout + ran.stderr,
        )

    def _inventory(self) -> dict[str, Any]:
        hosts = {
            one.name: {"ansible_shell_executable": str(one.shell), "appliance_metrics_port": PORTS + number}
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


def rolled_out(folder: Path, count: int, base_url: str) -> Table:
    """Roll out twice, change a setting, then a broken setting, then a version that does not start."""
    table = Table(f"Ansible over {count} machines")
    with prepared(folder, count, base_url) as rollout:
        first = rollout.play()
        changed = sum(number > 0 for number in first.changed.values())
        table.add(
            Finding("first run: machines changed", f"{changed} in {first.seconds:.0f} s", changed == count)
        )
        if first.failed or changed != count:
            print(first.output[-6_000:])
        second = rollout.play()
        table.add(
            Finding(
                "second run: changed tasks",
                f"{sum(second.changed.values())} in {second.seconds:.0f} s",
                len(second.changed) == count and not any(second.changed.values()),
            )
        )
        if any(second.changed.values()):
            print(second.output[-6_000:])
        _settings_change(rollout, table)
        _broken_settings(rollout, table)
        _broken_version(rollout, table)
        watched = _watched(rollout, table)
        printed = first.output + second.output + watched
        leaks = sum(secret in printed for secret in SECRETS.values())
        table.add(Finding("secrets in Ansible's output", f"{leaks}", leaks == 0))
    return table


def _starts(machine: Machine) -> list[str]:
    return machine.run("cat /var/log/ravatard.starts").split()


def _settings_change(rollout: Rollout, table: Table) -> None:
    """A setting that needs a reload, and one that needs a restart, on some of the machines."""
    some = rollout.machines[:SOME]
    settings = rollout.variables["appliance_settings"]
    for change, expected in (
        ({"logging": {"level": "debug"}}, "reload"),
        ({"gate": {"longest_s": 25}}, "restart"),
    ):
        rollout.variables["appliance_settings"] = settings = settings | change
        before = {one.name: len(_starts(one)) for one in some}
        recap = rollout.play("--limit", ",".join(one.name for one in some))
        found = [_starts(one)[before[one.name] :] for one in some]
        section = next(iter(change))
        if recap.failed:
            print(recap.output[-3_000:])
        table.add(
            Finding(
                f"a change of {section} takes a {expected} on",
                f"{found.count([expected])} of {len(some)} in {recap.seconds:.0f} s",
                found == [[expected]] * len(some),
            )
        )


def _stops_at_the_canary(rollout: Rollout, table: Table, what: str) -> None:
    before = rollout.states()
    recap = rollout.play()
    canary, *others = rollout.machines
    after = rollout.states()
    untouched = sum(before[one.name] == after[one.name] for one in others)
    stopped = recap.failed == [canary.name] and list(recap.changed) == [canary.name]
    table.add(
        Finding(
            f"{what}: stopped at",
            f"{', '.join(recap.failed)}; {untouched} of {len(others)} others untouched",
            stopped and untouched == len(others),
        )
    )
    if not stopped:
        print(recap.output[-6_000:])


def _watched(rollout: Rollout, table: Table) -> str:
    """Set up Prometheus and the broker, twice; return what Ansible printed."""
    first, second = (rollout.play(playbook="monitor") for _ in range(2))
    monitor = rollout.machines[-1]
    changed = first.changed.get(monitor.name, 0)
    again = sum(second.changed.values())
    table.add(Finding("monitor: changed tasks, and again", f"{changed}, {again}", changed > 0 and not again))
    if not changed or first.failed or again:
        print(first.output[-4_000:], second.output[-4_000:])
    targets = json.loads(monitor.run("cat /etc/prometheus/ravatard/targets.json") or "[]")
    table.add(Finding("targets", f"{len(targets)}", len(targets) == len(rollout.machines)))
    users = monitor.run("cat /etc/mosquitto/ravatard.passwords").splitlines()
    hashed = [one for one in users if one.startswith("ravatard-") and ":$" in one]
    well = len(hashed) == len(rollout.machines) and SECRETS["mqtt.password"] not in "".join(users)
    table.add(Finding("users of the broker, hashed", f"{len(hashed)}", well))
    return first.output + second.output


def _broken_settings(rollout: Rollout, table: Table) -> None:
    good = rollout.variables["appliance_settings"]
    canary = rollout.machines[0]
    before = canary.run("cat /etc/ravatard/ravatard.d/50-fleet.yaml")
    rollout.variables["appliance_settings"] = good | {"gate": {"silense_ms": 700}}
    _stops_at_the_canary(rollout, table, "a broken drop-in")
    same = canary.run("cat /etc/ravatard/ravatard.d/50-fleet.yaml") == before
    works = json.loads(canary.run("ravatard status --json") or "{}").get("working") is True
    table.add(
        Finding("a broken drop-in: the canary", "works as before" if works else "is down", same and works)
    )
    rollout.variables["appliance_settings"] = good


def _broken_version(rollout: Rollout, table: Table) -> None:
    rollout.repository.add(BROKEN, starts=False)
    rollout.variables |= {"appliance_version": BROKEN, "appliance_working_s": 5}
    _stops_at_the_canary(rollout, table, "a version that does not start")
    rollout.variables |= {"appliance_version": FIRST, "appliance_downgrade": True, "appliance_working_s": 60}
    back = rollout.play("--limit", rollout.machines[0].name)
    version = rollout.machines[0].run("dpkg-query -W -f '${Version}' ravatard")
    table.add(Finding("the canary goes back", version, version == FIRST and not back.failed))
