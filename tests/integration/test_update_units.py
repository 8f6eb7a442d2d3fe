"""The update that systemd/README.md describes: a press in Home Assistant is a wish, for which root waits."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ravatard.mqtt.options import HomeAssistantOptions
from tests.integration.debian_programs import needs
from tests.integration.mqtt_rig import fields, mosquitto, watching
from tests.integration.program import until
from tests.integration.test_mqtt import BASE, appliance, up

README = Path(__file__).parents[2] / "systemd/README.md"
#: A unit in README: a block that begins with its name.
_UNIT = re.compile(r"^```ini\n# (\S+)\n(.+?)^```$", re.M | re.S)

pytestmark = pytest.mark.integration


def units() -> dict[str, str]:
    return dict(_UNIT.findall(README.read_text()))


def command() -> str:
    found = re.search(r"update_command: ([^}]+)\}", README.read_text())
    assert found is not None
    return found[1]


def test_the_path_unit_waits_for_what_the_command_leaves() -> None:
    wish = command().removeprefix("touch ")

    assert list(units()) == ["ravatard-update.path", "ravatard-update.service"]
    assert f"PathExists={wish}" in units()["ravatard-update.path"]
    lines = units()["ravatard-update.service"].splitlines()
    assert f"ExecStartPre=/usr/bin/rm -f {wish}" in lines


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_takes_both_units(tmp_path: Path) -> None:
    for name, text in units().items():
        (tmp_path / name).write_text(text)
    words = ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units())]

    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

    assert "ravatard-update" not in done.stderr, done.stderr


@needs("mosquitto")
async def test_a_press_in_home_assistant_leaves_the_wish_and_shows_both_versions(tmp_path: Path) -> None:
    wish = tmp_path / "update-wanted"
    home = HomeAssistantOptions(
        update_command=command().replace("/run/ravatard/update-wanted", str(wish)),
        update_check="echo 9.8.7",
    )
    async with (
        mosquitto(tmp_path) as broker,
        watching(broker.port) as seen,
        appliance(broker.port, home) as one,
    ):
        await up(one)
        await seen.until("/availability", "online")
        software = fields(seen.last("/config"))["cmps"]["software"]
        await until(lambda: fields(seen.last("/update")).get("latest_version") == "9.8.7", "it is offered")
        versions = fields(seen.last("/update"))
        await seen.say(software["cmd_t"], software["pl_inst"])
        await until(lambda: seen.of("/result"), "it is answered")
        await until(lambda: fields(seen.last("/update"))["in_progress"] is False, "it is over")

    assert wish.exists()
    assert software["cmd_t"] == f"{BASE}/update/set"
    assert versions["installed_version"] == "1.2.3"
    assert fields(seen.last("/result"))["ok"] is True
