"""Tasks of the fleet's plays, carried out on this machine with files in a folder of the test's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.source import ROOT
from tests.integration.debian_programs import needs

pytestmark = [pytest.mark.integration, needs("ansible-playbook")]

FLEET = ROOT / "config" / "fleet"
EXAMPLE = FLEET / "inventory.example.yml"


def run(folder: Path, *words: str) -> str:
    """Have Ansible do something on this machine, and return what it prints."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_LOCAL_TEMP": str(folder / "ansible"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "ansible"),
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def monitor_task(name: str) -> dict[str, Any]:
    """Return a task of the play that sets up what watches the fleet."""
    plays = yaml.safe_load((FLEET / "playbooks" / "monitor.yml").read_text())
    (found,) = (task for play in plays for task in play["tasks"] if task["name"] == name)
    task: dict[str, Any] = found
    return task


def written(folder: Path, name: str, hosts: dict[str, Any], **variables: Any) -> str:
    """Return the file that a copying task of that play writes for the appliances ``hosts``."""
    task = monitor_task(name)
    copied = task.pop("ansible.builtin.copy")
    kept = {key: value for key, value in task.items() if key not in ("notify", "register")}
    copied = {"dest": str(folder / "written"), "content": copied["content"]}
    here = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
    inventory = {"ravatard": {"hosts": hosts}, "here": {"hosts": {"watcher": here}}}
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
    play = {
        "hosts": "here",
        "gather_facts": False,
        "vars": {"monitor_port": 9484} | variables,
        "tasks": [kept | {"ansible.builtin.copy": copied}],
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    run(folder, "ansible-playbook", "-i", "inventory.yml", "play.yml")
    return (folder / "written").read_text()


def test_the_key_of_the_repository_is_looked_for_beside_the_inventory(tmp_path: Path) -> None:
    """A relative path would be looked for in the collection."""
    shutil.copy(EXAMPLE, tmp_path / "inventory.yml")

    said = run(
        tmp_path,
        *("ansible", "-i", "inventory.yml", "kiosk-01.example.net", "-c", "local"),
        *("-m", "ansible.builtin.debug", "-a", "var=appliance_repository_key"),
    )

    assert f'"{tmp_path}/ravatard.gpg"' in said


def test_the_example_has_a_machine_for_each_play() -> None:
    groups = set(yaml.safe_load(EXAMPLE.read_text()))
    plays = yaml.safe_load((FLEET / "playbooks" / "monitor.yml").read_text())
    plays += yaml.safe_load((FLEET / "playbooks" / "site.yml").read_text())

    assert {play["hosts"] for play in plays} == groups


def test_targets_are_addresses_that_prometheus_reads(tmp_path: Path) -> None:
    hosts = {
        "Kiosk-01.Example.net": {},
        "kiosk-02": {"ansible_host": "2001:db8::2", "appliance_metrics_port": 9500},
        "2001:db8::3": {"appliance_site": "lobby"},
    }

    targets = json.loads(written(tmp_path, "List the appliances", hosts))

    assert targets == [
        {
            "targets": ["Kiosk-01.Example.net:9484"],
            "labels": {"appliance": "Kiosk-01.Example.net", "site": ""},
        },
        {"targets": ["[2001:db8::2]:9500"], "labels": {"appliance": "kiosk-02", "site": ""}},
        {"targets": ["[2001:db8::3]:9484"], "labels": {"appliance": "2001:db8::3", "site": "lobby"}},
    ]
