"""The doctor's check of the broker, at Debian's mosquitto: what it lets pass, and what it refuses."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ravatard.config import Options
from ravatard.doctor.check import Case
from ravatard.doctor.checks.integrations.broker import look_at_broker
from ravatard.doctor.machine import this_machine
from ravatard.doctor.result import CheckResult, Verdict
from ravatard.host.identity import appliance_id
from ravatard.mqtt.options import MqttOptions
from ravatard.secret import Secret
from tests.integration.debian_programs import needs
from tests.integration.mqtt_rig import free_port, mosquitto, watching

pytestmark = [pytest.mark.integration, needs("mosquitto", "mosquitto_passwd")]


async def checked(root: Path, port: int, **options: object) -> CheckResult:
    """The result on a machine below ``root``, where no daemon runs."""
    settings: Mapping[str, object] = {"host": "127.0.0.1", "port": port, **options}
    case = Case(replace(this_machine({}), root=root))
    case.options = Options(mqtt=MqttOptions(**settings))  # type: ignore[arg-type]
    return await look_at_broker(case)


async def test_log_in_rules_and_a_twin_are_told_and_nothing_stays_on_the_broker(tmp_path: Path) -> None:
    passwords, rules = tmp_path / "passwords", tmp_path / "rules"
    passwords.touch()
    for user in ("avatar", "stranger"):
        subprocess.run(["mosquitto_passwd", "-b", passwords, user, "right"], check=True)  # noqa: ASYNC221
    rules.write_text("user avatar\ntopic readwrite ravatard/#\n")
    presence = f"ravatard/{appliance_id(tmp_path / 'none')}/availability"
    access = {"username": "avatar", "password": Secret("right")}
    async with mosquitto(tmp_path, f"password_file {passwords}", f"acl_file {rules}") as broker:
        refused = await checked(tmp_path, broker.port, username="avatar", password=Secret("wrong"))
        left_out = await checked(tmp_path, broker.port, username="stranger", password=Secret("right"))
        async with watching(broker.port, "ravatard/#", username="avatar", password="right") as seen:
            fine = await checked(tmp_path, broker.port, **access)
            # Now it is there, and no daemon of this test's runs.
            await seen.say(presence, "online", retain=True)
            twin = await checked(tmp_path, broker.port, **access)
            told = [str(message.topic) for message in seen.messages]

    assert refused.verdict is Verdict.BROKEN
    assert "mqtt.password" in refused.remedy
    assert "passes on nothing" in left_out.text
    assert fine.verdict is Verdict.FINE, fine
    assert "machine-id" in twin.remedy
    # Its own trial, and what this test has said.
    assert {topic.rpartition("/")[2] for topic in told} == {"doctor", "availability"}


async def test_a_broker_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = await checked(tmp_path, free_port())

    assert found.verdict is Verdict.BROKEN
    assert "mqtt.port" in found.remedy
