"""Tasks of the fleet's plays, carried out on this machine with files in a folder of the test's."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.source import ROOT
from tests.integration.debian_programs import needs
from tests.integration.test_fleet_files import rules_for

pytestmark = [pytest.mark.integration, needs("ansible-playbook")]

FLEET = ROOT / "config" / "fleet"
EXAMPLE = FLEET / "inventory.example.yml"


def run(folder: Path, *words: str, status: int = 0) -> str:
    """Have Ansible do something on this machine, and return what it prints."""
    collection = folder / "ansible_collections" / "ravatard" / "fleet"
    collection.parent.mkdir(parents=True, exist_ok=True)
    if not collection.is_symlink():
        collection.symlink_to(FLEET)
    done = subprocess.run(
        words,
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_COLLECTIONS_PATH": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ANSIBLE_LOCAL_TEMP": str(folder / "ansible"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "ansible"),
        },
        capture_output=True,
        text=True,
        timeout=300,
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


# ---------------------------------------------------------------------- secrets that no program could use

PLANTED = "planted-secret"
GOOD = {
    "vault_project_id": PLANTED,
    "vault_metrics_token": f"{PLANTED}-token",
    "vault_mqtt_passwords": {},
    "vault_proxy_password": PLANTED,
    "appliance_secrets": {
        "service.project_id": "{{ vault_project_id }}",
        "mqtt.password": "{{ vault_mqtt_passwords[inventory_hostname] }}",
        "metrics.token": "{{ vault_metrics_token }}",
    },
    "appliance_own_secrets": {"network.proxy_password": "{{ vault_proxy_password }}"},
}
MQTT = "appliance_secrets['mqtt.password']"
#: Variables of a host besides those -> the sentence about them; None: there is none.
UNFIT: list[tuple[dict[str, Any], str | None]] = [
    ({}, f"{MQTT} is undefined (made of vault_mqtt_passwords)"),
    ({"vault_mqtt_passwords": "{{ missing }}"}, f"{MQTT} is undefined (made of vault_mqtt_passwords)"),
    *(
        ({key: value}, f"{name} {fault} (made of {key})")
        for key, name in (
            ("vault_project_id", "appliance_secrets['service.project_id']"),
            ("vault_metrics_token", "appliance_secrets['metrics.token']"),
            ("vault_proxy_password", "appliance_own_secrets['network.proxy_password']"),
        )
        for value, fault in (
            ("{{ missing }}", "is undefined"),
            ("", "is empty"),
            (" \n", "is empty"),
            (None, "is empty"),
            (1234567890123456, "is no text; write it in quotes"),
            (True, "is no text; write it in quotes"),
            ([PLANTED], "is no text"),
            ({PLANTED: PLANTED}, "is no text"),
        )
    ),
    ({"appliance_own_secrets": {"mqtt.password": 12}}, "appliance_own_secrets['mqtt.password'] is no text"),
    ({"appliance_own_secrets": {"mqtt.password": ""}}, "appliance_own_secrets['mqtt.password'] is empty"),
    ({"appliance_own_secrets": [PLANTED]}, "appliance_own_secrets is no mapping"),
    (
        {"appliance_secrets": "{{ missing | combine({}) }}"},
        "appliance_secrets is undefined (made of missing)",
    ),
    # Good ones.
    ({"appliance_own_secrets": {"mqtt.password": f"{PLANTED} of 'mine' [1]"}}, None),
    ({"appliance_own_secrets": {"mqtt.password": f"{PLANTED}{{{{ vault_project_id }}}}"}}, None),
    ({"appliance_own_secrets": "{{ {} | combine({'mqtt.password': vault_project_id}) }}"}, None),
    ({"vault_mqtt_passwords": {"host-MINE": "1234"}}, None),
]


def host_of(number: int) -> str:
    """Return the name of a host, of which none is the beginning of another."""
    return f"host-{number:03}"


@pytest.mark.timeout(400)
def test_a_secret_that_no_program_could_use_is_named_with_its_host_and_is_not_told(tmp_path: Path) -> None:
    """Ansible hides the error of the task that lays it down, with its host and its name."""
    (first, *_) = yaml.safe_load((FLEET / "roles/appliance/tasks/main.yml").read_text())
    here = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
    hosts = {}
    for number, (own, _) in enumerate(UNFIT):
        named = json.loads(json.dumps(own).replace("host-MINE", host_of(number)))
        passwords = {"vault_mqtt_passwords": {host_of(number): PLANTED}}
        hosts[host_of(number)] = {**GOOD, **(passwords if number else {}), **named, **here}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"ravatard": {"hosts": hosts}}))
    play = {"hosts": "ravatard", "gather_facts": False, "tasks": [first]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))

    said = run(tmp_path, "ansible-playbook", "-i", "inventory.yml", "play.yml", status=2)

    for number, (own, sentence) in enumerate(UNFIT):
        told = [line for line in said.splitlines() if f"{host_of(number)}: " in line and "Correct" in line]
        assert len(told) == (sentence is not None), (own, told)
        assert sentence is None or f"{host_of(number)}: {sentence}" in told[0], own
    assert PLANTED not in said
    assert "1234567890123456" not in said
    assert "censored" not in said


@pytest.mark.parametrize(
    ("host", "users", "says"),
    [
        ({}, {}, "a: appliance_secrets['mqtt.password'] is missing"),
        ({"mqtt.password": "{{ missing }}"}, {}, f"a: {MQTT} is undefined (made of missing)"),
        ({"mqtt.password": 7}, {}, f"a: {MQTT} is no text; write it in quotes"),
        ({"mqtt.password": "good"}, {"home": "{{ gone }}"}, "watcher: broker_users['home'] is undefined"),
        ({"mqtt.password": "good"}, {"home": ""}, "watcher: broker_users['home'] is empty"),
        ({"mqtt.password": "good", "other": "{{ gone }}"}, {"home": "good"}, ""),
    ],
)
def test_a_password_that_the_broker_needs_is_named_with_its_host(
    tmp_path: Path, host: dict[str, Any], users: dict[str, Any], says: str
) -> None:
    task = monitor_task("Refuse passwords that are missing")
    hosts = {"a": {"monitor_id": {"stdout": "ravatard-1"}, "appliance_secrets": host}, "away": {}}

    said = carried_out(tmp_path, task, hosts, status=2 if says else 0, broker_users=users)

    assert says in said
    assert '"msg": "Correct these' in said or not says


@pytest.mark.parametrize("secrets", [{}, {"metrics.token": "{{ gone }}"}, {"metrics.token": ""}])
def test_a_token_that_prometheus_needs_is_named_with_its_host(
    tmp_path: Path, secrets: dict[str, Any]
) -> None:
    task = monitor_task("Refuse a token that is missing")

    said = carried_out(tmp_path, task, {"a": {"appliance_secrets": secrets}, "b": {}}, status=2)

    assert "a: appliance_secrets['metrics.token'] is " in said


# ---------------------------------------------------------------------- runs that are killed


def watching_play(folder: Path, group: str, *, killed_after: str = "") -> dict[str, Any]:
    """Return a play of that file with all its files in ``folder``, and handlers that write what they do.

    ``killed_after``: the task after which the run ends, as by a kill.
    """
    text = (FLEET / "playbooks" / "monitor.yml").read_text()
    for top in ("/etc/", "/run/"):
        text = text.replace(f" {top}", f" {folder}{top}").replace(f"cd {top}", f"cd {folder}{top}")
    text = re.sub(r"(?m)^ +(owner|group|validate): .*\n|^ +chown .*\n", "", text)
    plays: list[dict[str, Any]] = yaml.safe_load(text)
    (play,) = (one for one in plays if one["hosts"] == group)
    for handler in play["handlers"]:
        done = handler.pop("ansible.builtin.systemd")
        handler["ansible.builtin.shell"] = f"echo {done['state']} >> {folder}/done"
    if killed_after:
        names = [task["name"] for task in play["tasks"]]
        killed = {"name": "Kill", "ansible.builtin.fail": {"msg": "killed"}}
        play["tasks"] = [*play["tasks"][: names.index(killed_after) + 1], killed]
    return play | {
        "become": False,
        "gather_facts": False,
        "vars": {"monitor_files": str(FLEET), "broker_files": str(FLEET), "monitor_port": 1},
    }


def done_by(folder: Path, group: str, *, killed_after: str = "", word: str = "x", port: int = 1) -> list[str]:
    """Have the play of a group done; return what its handlers did."""
    secrets = {"mqtt.password": word, "metrics.token": "a-token"}
    here = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "/usr/bin/python3",
        "broker_port": port,
    }
    hosts = {"a": {"monitor_id": {"stdout": "ravatard-1"}, "appliance_secrets": secrets}}
    inventory = {"ravatard": {"hosts": hosts}, group: {"hosts": {"watcher": here}}}
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory))
    (folder / "done").write_text("")
    (folder / "play.yml").write_text(
        yaml.safe_dump([watching_play(folder, group, killed_after=killed_after)])
    )
    run(folder, "ansible-playbook", "-i", "inventory.yml", "play.yml", status=2 if killed_after else 0)
    return (folder / "done").read_text().split()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("group", "file", "changed", "killed_after", "made_up_for"),
    [
        ("ravatard_monitor", "prometheus/ravatard/rules.yml", {}, "Lay down the alerts", ["reloaded"]),
        ("ravatard_monitor", "prometheus/ravatard/scrape.yml", {}, "Lay down what is scraped", ["reloaded"]),
        ("ravatard_broker", "", {"word": "new"}, "Hash their passwords", ["reloaded"]),
        (
            *("ravatard_broker", "mosquitto/ravatard.acl", {}),
            *("Lay down who may read and write which topics", ["reloaded"]),
        ),
        (
            *("ravatard_broker", "", {"port": 2}),
            *("Lay down the settings of the broker", ["reloaded", "restarted"]),
        ),
    ],
)
def test_a_run_of_monitor_that_was_killed_is_finished_by_the_next_one(
    tmp_path: Path, group: str, file: str, changed: dict[str, Any], killed_after: str, made_up_for: list[str]
) -> None:
    for folder in ("etc/mosquitto/conf.d", "etc/prometheus", "run"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / "etc/prometheus/prometheus.yml").write_text("")
    assert done_by(tmp_path, group)
    if file:
        # As one with another content.
        (tmp_path / "etc" / file).unlink()

    assert done_by(tmp_path, group, killed_after=killed_after, **changed) == []
    assert done_by(tmp_path, group, **changed) == made_up_for
    # And nothing is left to be done.
    assert list((tmp_path / "run").iterdir()) == []


def test_rules_of_the_broker_for_each_appliance(tmp_path: Path) -> None:
    task = monitor_task("Lay down who may read and write which topics")
    task["ansible.builtin.copy"] = {
        "dest": str(tmp_path / "written"),
        "content": task["ansible.builtin.copy"]["content"],
    }
    users = base64.b64encode(b"homeassistant:x\nravatard-1:a:b\nravatard-2:x\n").decode()

    carried_out(tmp_path, task, {}, broker_now={"content": users}, broker_users={"homeassistant": "x"})

    rules = [line for line in rules_for("ravatard-1", "ravatard-2").splitlines() if not line.startswith("#")]
    laid = [line for line in (tmp_path / "written").read_text().splitlines() if not line.startswith("#")]
    assert laid == rules
