"""Files for a fleet, `config/fleet`, with the programs that read them: Debian's, where they are installed."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from ravatard.core.control.figures import Figures
from ravatard.web.metrics.collector import StaticFacts, StatusCollector
from ravatard.web.metrics.exposition import Exposition
from tests.house.source import ROOT
from tests.integration.debian_programs import needs
from tests.integration.mqtt_rig import Mosquitto, mosquitto, watching
from tests.unit.web.metrics.fakes import FakeHandler, fresh_report

pytestmark = pytest.mark.integration

FLEET = ROOT / "config" / "fleet"
RULES = FLEET / "prometheus" / "rules.yml"
DASHBOARD = FLEET / "grafana" / "ravatard.json"
PANELS = 12
A, B = "ravatard-00000000000000aa", "ravatard-00000000000000bb"
HOME = "homeassistant"
PASSWORDS = {A: "password-of-a", B: "password-of-b", HOME: "password-of-home"}
#: Of one appliance: what it says, and what it is told.
TOPICS = (
    *("availability", "state", "last-turn", "update", "instance", "health", "result"),
    *("event/turn", "event/button", "mute/set", "volume/set", "say/set", "press/set", "restart/set"),
    *("restart-session/set", "play/set"),
)


def run(*command: str, folder: Path = FLEET) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def alerts() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    return found


def dashboard_expressions() -> Iterator[str]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


# ---------------------------------------------------------------------- Prometheus, Alertmanager, Grafana


@needs("promtool")
def test_each_alert_fires_when_it_shall_and_not_before() -> None:
    tested = run("promtool", "test", "rules", "prometheus/rules_test.yml")

    assert tested.returncode == 0, tested.stdout + tested.stderr
    cases = yaml.safe_load((FLEET / "prometheus" / "rules_test.yml").read_text())["tests"]
    fired = {
        check["alertname"] for case in cases for check in case["alert_rule_test"] if "exp_alerts" in check
    }
    assert fired == {alert["alert"] for alert in alerts()}
    assert len(fired) == 8


@needs("promtool")
def test_a_case_that_must_fail_fails(tmp_path: Path) -> None:
    """A rule with another threshold is found, so that the cases above are no decoration."""
    for name in ("rules.yml", "rules_test.yml"):
        text = (FLEET / "prometheus" / name).read_text()
        (tmp_path / name).write_text(text.replace("for: 10m", "for: 15m"))

    assert run("promtool", "test", "rules", "rules_test.yml", folder=tmp_path).returncode != 0


@needs("promtool")
def test_every_expression_of_the_dashboard_can_be_evaluated(tmp_path: Path) -> None:
    expressions = [one.replace("$appliance", ".*") for one in dashboard_expressions()]
    rules = [{"record": f"panel_{number}", "expr": one} for number, one in enumerate(expressions)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    checked = run("promtool", "check", "rules", "rules.yml", folder=tmp_path)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(expressions)} rules found" in checked.stdout


async def known_series() -> set[str]:
    """Names of every series that an appliance gives, and of Prometheus's own."""
    report = fresh_report() | {"access_expires_s": 3600.0, "health": {"temperature_c": 48.5}}
    collector = StatusCollector(Figures(), lambda: 0.0, StaticFacts("1", "live", 60.0, 1.0))
    text = (await Exposition(collector, FakeHandler(report)).text()).decode()
    return {"up", *(one.name for family in text_string_to_metric_families(text) for one in family.samples)}


async def test_alerts_and_panels_ask_for_series_that_an_appliance_gives() -> None:
    known = await known_series()
    asked = [*(alert["expr"] for alert in alerts()), *dashboard_expressions()]

    named = {name for one in asked for name in re.findall(r"\b(?:ravatard_\w+|up)\b(?=[{\[ )]|$)", one)}

    assert named > {"up", "ravatard_link_up", "ravatard_answer_seconds_bucket"}
    assert named <= known


async def test_the_labels_of_alerts_and_panels_exist() -> None:
    looks = {f'state="{one}"' for one in ("no-microphone", "no-money")}

    states = {found for alert in alerts() for found in re.findall(r'state="[^"]+"', alert["expr"])}

    assert states == looks


def test_the_dashboard_has_one_place_for_each_panel() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]

    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}

    assert len(panels) == len(places) == PANELS
    assert all(panel["title"] and panel["datasource"]["uid"] == "${datasource}" for panel in panels)


@needs("amtool")
def test_alertmanager_takes_its_route() -> None:
    checked = run("amtool", "check-config", "alertmanager/alertmanager.yml")

    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs("promtool")
def test_prometheus_takes_what_is_scraped(tmp_path: Path) -> None:
    text = (FLEET / "prometheus" / "scrape.yml").read_text().replace("/etc/prometheus/ravatard", ".")
    (tmp_path / "prometheus.yml").write_text(text)
    (tmp_path / "token").write_text("a-token-of-a-scraper")
    target = {"targets": ["kiosk-01:9484"], "labels": {"appliance": "kiosk-01", "site": ""}}
    (tmp_path / "targets.json").write_text(json.dumps([target]))

    checked = run("promtool", "check", "config", "prometheus.yml", folder=tmp_path)

    assert checked.returncode == 0, checked.stdout + checked.stderr


# ---------------------------------------------------------------------- the broker


def rules_for(*appliances: str) -> str:
    """Return the rules as the play lays them down."""
    own = (FLEET / "mosquitto" / "acl-appliance").read_text()
    return (FLEET / "mosquitto" / "acl").read_text() + "".join(own.replace("ID", one) for one in appliances)


@asynccontextmanager
async def guarded_broker(folder: Path) -> AsyncIterator[Mosquitto]:
    """Mosquitto with the fleet's rules and settings, and three users."""
    passwords, rules = folder / "passwords", folder / "acl"
    passwords.write_text("".join(f"{user}:{word}\n" for user, word in PASSWORDS.items()))
    run("mosquitto_passwd", "-U", str(passwords))
    rules.write_text(rules_for(A, B))
    # The broker of a test has one listener, and says itself who may come.
    own = ("per_listener_settings", "allow_anonymous", "password_file", "acl_file", "#")
    lines = (FLEET / "mosquitto" / "ravatard.conf").read_text().splitlines()
    settings = [line for line in lines if line and not line.startswith(own)]
    log = folder / "log"
    own_settings = (f"password_file {passwords}", f"acl_file {rules}", f"log_dest file {log}")
    async with mosquitto(folder, *own_settings, *settings) as broker:
        yield broker


def account(user: str) -> dict[str, Any]:
    return {"username": user, "password": PASSWORDS[user], "identifier": user}


@needs("mosquitto")
async def test_an_appliance_can_neither_read_nor_write_the_topics_of_another(tmp_path: Path) -> None:
    others = [f"ravatard/{B}/{topic}" for topic in TOPICS]
    async with (
        guarded_broker(tmp_path) as broker,
        watching(broker.port, **account(HOME)) as home,
        watching(broker.port, f"homeassistant/device/{B}/config", f"ravatard/{B}/#", **account(B)) as b,
        watching(broker.port, f"ravatard/{A}/#", "#", "ravatard/+/#", *others, **account(A)) as a,
    ):
        for topic in others:
            # A writes, B's own is to be read.
            await a.say(topic, "forged", qos=1)
            await b.say(topic, "secret", qos=1, retain=True)
        await a.say(f"homeassistant/device/{B}/config", "forged", qos=1)
        await home.until(others[-1], "secret")
        # Subscribed anew, it would be sent what the broker keeps.
        for topic in others:
            await a.client.subscribe(topic)
        await home.say(f"ravatard/{A}/mute/set", "ON", qos=1)
        await a.until(f"ravatard/{A}/mute/set", "ON")

    assert len(others) * 2 == 32
    assert [one for one in home.messages if one.payload == b"forged"] == []
    assert [one for one in b.messages if one.payload == b"forged"] == []
    assert [str(one.topic) for one in a.messages if B in str(one.topic)] == []
    # What is its own reaches Home Assistant.
    assert {str(one.topic) for one in home.messages} >= set(others)


@needs("mosquitto")
async def test_the_broker_has_nothing_to_warn_of(tmp_path: Path) -> None:
    async with guarded_broker(tmp_path):
        pass

    said = (tmp_path / "log").read_text()
    assert "mosquitto version" in said
    assert [line for line in said.splitlines() if "arning" in line or "rror" in line] == []


@needs("mosquitto")
async def test_an_appliance_has_its_own_topics_its_room_and_home_assistants_birth(tmp_path: Path) -> None:
    async with (
        guarded_broker(tmp_path) as broker,
        watching(broker.port, **account(HOME)) as home,
        watching(broker.port, "ravatard/group/lobby/turn", "homeassistant/status", **account(B)) as b,
        watching(broker.port, f"ravatard/{A}/+/set", **account(A)) as a,
    ):
        await a.say(f"ravatard/{A}/state", "here", qos=1)
        await a.say(f"homeassistant/device/{A}/config", "announced", qos=1)
        await a.say("ravatard/group/lobby/turn", "mine", qos=1)
        await a.say("homeassistant/status", "forged", qos=1)
        await home.say("homeassistant/status", "online", qos=1)
        await home.until(f"{A}/state", "here")
        await home.until("config", "announced")
        await b.until("turn", "mine")
        await b.until("status", "online")

    assert b.of("status") == ["online"]


@needs("mosquitto")
@pytest.mark.parametrize(
    "more", [{}, {"username": A, "password": "wrong"}, {"username": "c", "password": "x"}]
)
async def test_strangers_are_refused(tmp_path: Path, more: dict[str, Any]) -> None:
    async with guarded_broker(tmp_path) as broker:
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", broker.port, **more):
                await asyncio.sleep(0)


# ---------------------------------------------------------------------- Ansible, cloud-init


def ansible(folder: Path, playbook: str, *words: str) -> str:
    """Have Ansible read a play, and return what it prints."""
    collection = folder / "ansible_collections" / "ravatard" / "fleet"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(FLEET)
    inventory = FLEET / "inventory.example.yml"
    checked = subprocess.run(
        ["ansible-playbook", *words, "-i", str(inventory), str(FLEET / "playbooks" / playbook)],
        env={"ANSIBLE_COLLECTIONS_PATH": str(folder), "HOME": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return checked.stdout


@needs("ansible-playbook")
@pytest.mark.parametrize("playbook", ["site.yml", "monitor.yml"])
def test_ansible_reads_the_plays(tmp_path: Path, playbook: str) -> None:
    assert "playbook:" in ansible(tmp_path, playbook, "--syntax-check")


def played(folder: Path, tasks: list[dict[str, Any]], inventory: dict[str, Any]) -> tuple[int, str]:
    """Have Ansible do tasks on this machine for the host "one"; return its end and what it printed."""
    one = {"hosts": "one", "gather_facts": False, "connection": "local", "tasks": tasks}
    (folder / "play.yml").write_text(yaml.safe_dump([one]))
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory))
    done = subprocess.run(
        [
            "ansible-playbook",
            "-i",
            "inventory.yml",
            "-e",
            "ansible_python_interpreter=/usr/bin/python3",
            "play.yml",
        ],
        cwd=folder,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@needs("ansible-playbook")
def test_an_appliance_has_settings_of_its_own_besides_those_of_all(tmp_path: Path) -> None:
    tasks = yaml.safe_load((FLEET / "roles/appliance/tasks/settings.yml").read_text())
    (laying,) = (task["ansible.builtin.copy"] for task in tasks if task["name"] == "Lay down the settings")
    inventory = yaml.safe_load((FLEET / "inventory.example.yml").read_text())["ravatard"]
    given = inventory["vars"]["appliance_settings"] | {"mqtt": {"host": "broker.example.net"}}
    own = {"appliance_own_settings": {"service": {"proxy": "http://proxy.example.net:3128"}}}

    ended, printed = played(
        tmp_path,
        [{"ansible.builtin.copy": {"dest": str(tmp_path / "laid.yaml"), "content": laying["content"]}}],
        {"ravatard": {"hosts": {"one": own}, "vars": {"appliance_settings": given}}},
    )

    assert ended == 0, printed
    laid = yaml.safe_load((tmp_path / "laid.yaml").read_text())
    assert laid == given | {"service": {"avatar": "Assistant", "proxy": "http://proxy.example.net:3128"}}


@needs("ansible-playbook")
@pytest.mark.parametrize(("password", "refused"), [("a:b", True), ("a\nuser:b", True), ("#a 'b'\n", False)])
def test_a_password_that_mosquitto_would_cut_is_refused_without_telling_it(
    tmp_path: Path, password: str, refused: bool
) -> None:
    plays = yaml.safe_load((FLEET / "playbooks/monitor.yml").read_text())
    tasks = [task for task in plays[-1]["tasks"] if "broker_unfit" in json.dumps(task)]
    host = {"appliance_secrets": {"mqtt.password": password}}

    ended, printed = played(tmp_path, tasks, {"ravatard": {"hosts": {"one": host}}})

    assert len(tasks) == 2
    assert (ended != 0) == refused, printed
    assert ("The broker's password of one has a colon or a line break" in printed) == refused
    assert password.strip() not in printed


@needs("ansible-playbook")
def test_the_package_can_be_installed_before_the_broker_knows_the_appliance(tmp_path: Path) -> None:
    tasks = ansible(tmp_path, "site.yml", "--tags", "package", "--list-tasks")

    assert "Install the version" in tasks
    assert "Lay down the settings" not in tasks
    assert "Wait until it works" not in tasks


def test_the_waves_begin_with_one_and_stop_at_a_tenth() -> None:
    (play,) = yaml.safe_load((FLEET / "playbooks" / "site.yml").read_text())

    assert (play["serial"], play["max_fail_percentage"]) == ([1, "10%", "100%"], 10)


def test_secrets_are_in_no_output_of_ansible() -> None:
    files = [*(FLEET / "roles").rglob("tasks/*.yml"), *(FLEET / "playbooks").glob("*.yml")]
    tasks = [task for file in files for task in tasks_of(yaml.safe_load(file.read_text()))]

    touching = [task for task in tasks if "appliance_secrets" in json.dumps(task)]

    assert len(touching) >= 3
    assert all(task.get("no_log") or "set_fact" in json.dumps(task) for task in touching)


def tasks_of(content: Any) -> Iterator[dict[str, Any]]:
    for one in content if isinstance(content, list) else []:
        if "hosts" in one:
            yield from tasks_of(one.get("tasks"))
        else:
            yield one


def test_the_settings_of_first_boot_and_inventory_are_settings(tmp_path: Path) -> None:
    """The example would be refused by the first appliance otherwise."""
    from ravatard.config import load

    user_data = yaml.safe_load((FLEET / "first-boot" / "user-data").read_text())
    boot = next(one for one in user_data["write_files"] if one["path"].endswith("/ravatard.yaml"))
    inventory = yaml.safe_load((FLEET / "inventory.example.yml").read_text())
    given = inventory["ravatard"]["vars"]["appliance_settings"]
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "ravatard.metrics.token").write_text("a-token-of-a-scraper")
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    main = tmp_path / "ravatard.yaml"

    first = load(main, {}, instead={main: boot["content"].replace("YOUR-", "")}).options
    text = yaml.safe_dump(given).replace("{{ appliance_id }}", A)
    fleet = load(main, environ, instead={main: text}).options

    assert first.service.avatar == "Assistant"
    assert fleet.mqtt.host == "broker.example.net"
