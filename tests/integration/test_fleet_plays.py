"""Tasks of the fleet's plays, carried out on this machine with files in a folder of the test's."""

from __future__ import annotations

import base64
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


def run(folder: Path, *words: str, status: int = 0) -> str:
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
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def monitor_task(name: str) -> dict[str, Any]:
    """Return a task of the play that sets up what watches the fleet."""
    plays = yaml.safe_load((FLEET / "playbooks" / "monitor.yml").read_text())
    (found,) = (task for play in plays for task in play["tasks"] if task["name"] == name)
    task: dict[str, Any] = found
    return task


def carried_out(
    folder: Path, task: dict[str, Any], hosts: dict[str, Any], *, status: int = 0, **variables: Any
) -> str:
    """Have a task of that play done for the appliances ``hosts``; return what is printed."""
    here = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
    inventory = {"ravatard": {"hosts": hosts}, "here": {"hosts": {"watcher": here}}}
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
    kept = {key: value for key, value in task.items() if key not in ("notify", "register")}
    play = {
        "hosts": "here",
        "gather_facts": False,
        "vars": {"monitor_port": 9484, "broker_files": str(FLEET)} | variables,
        "tasks": [kept],
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    return run(folder, "ansible-playbook", "-i", "inventory.yml", "play.yml", status=status)


def written(folder: Path, name: str, hosts: dict[str, Any], **variables: Any) -> str:
    """Return the file that a copying task of that play writes for the appliances ``hosts``."""
    task = monitor_task(name)
    content = task["ansible.builtin.copy"]["content"]
    task["ansible.builtin.copy"] = {"dest": str(folder / "written"), "content": content}
    carried_out(folder, task, hosts, **variables)
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


def appliance(number: int, password: str) -> dict[str, Any]:
    """Return the variables of an appliance; with number 0 of one that did not answer."""
    answered = {"monitor_id": {"stdout": f"ravatard-{number}"}} if number else {}
    return answered | {"appliance_secrets": {"mqtt.password": password}}


@pytest.mark.parametrize(
    ("hosts", "users"),
    [
        # All answered: who is not in the inventory any more is no user.
        ({"a": appliance(1, "new\n"), "c": appliance(3, "of-c")}, ["ravatard-1:new", "ravatard-3:of-c"]),
        # One is away: it stays, and so does whoever else it could be.
        (
            {"b": appliance(0, "of-b"), "a": appliance(1, "new")},
            ["ravatard-1:new", "ravatard-2:of-b", "ravatard-9:gone"],
        ),
    ],
)
def test_an_appliance_that_is_away_stays_a_user_of_the_broker(
    tmp_path: Path, hosts: dict[str, Any], users: list[str]
) -> None:
    before = b"ravatard-1:old\nravatard-2:of-b\nravatard-9:gone\n"

    found = written(
        tmp_path,
        "List the users",
        hosts,
        broker_before={"content": base64.b64encode(before).decode()},
    )

    assert found.splitlines() == users


def test_the_first_users_of_the_broker(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        "List the users",
        {"a": appliance(1, 'it\'s "quoted": 50% #1')},
        broker_before={"msg": "file not found", "failed": False},
        broker_users={"homeassistant": "of-home"},
    )

    assert found == 'homeassistant:of-home\nravatard-1:it\'s "quoted": 50% #1\n'


def test_copies_of_one_card_are_named(tmp_path: Path) -> None:
    task = monitor_task("Refuse two appliances of one id, which the broker would take for one")
    hosts = {"a": appliance(1, ""), "b": appliance(2, ""), "away": appliance(0, "")}

    carried_out(tmp_path, task, hosts)
    refused = carried_out(tmp_path, task, hosts | {"c": appliance(1, "")}, status=2)

    assert "One id is that of a and c, as" in refused


@pytest.mark.parametrize(
    ("variables", "listener"),
    [
        ({}, ["listener 1883"]),
        (
            {"broker_certificate": "/etc/a.pem", "broker_certificate_key": "/etc/a.key"},
            ["listener 8883", "certfile /etc/a.pem", "keyfile /etc/a.key"],
        ),
        ({"broker_port": 0}, []),
    ],
)
def test_the_broker_hears_other_machines(
    tmp_path: Path, variables: dict[str, Any], listener: list[str]
) -> None:
    """Mosquitto without a listener hears its own machine only."""
    text = written(tmp_path, "Lay down the settings of the broker", {"a": {}}, **variables)

    settings = (FLEET / "mosquitto" / "ravatard.conf").read_text()
    assert text.startswith(settings)
    assert text.removeprefix(settings).split("\n") == [*listener, ""]
