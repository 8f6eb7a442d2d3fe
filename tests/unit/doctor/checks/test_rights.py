"""Groups and device files."""

from __future__ import annotations

import pytest

from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import CONFIG, Patient


async def test_all_groups_that_are_missing_are_named_with_one_command(patient: Patient) -> None:
    text = (patient.root / "etc/group").read_text().replace(":ravatard\n", ":\n")
    patient.write("etc/group", text)

    outcome = (await patient.finding("groups")).result

    assert outcome.text == "ravatard is not in the groups audio and gpio"
    assert outcome.remedy.startswith("sudo usermod -aG audio,gpio ravatard")


async def test_a_group_that_the_machine_does_not_have_is_not_missed(patient: Patient) -> None:
    text = (patient.root / "etc/group").read_text()
    patient.write("etc/group", text.replace("gpio:x:4997:ravatard\n", ""))

    assert (await patient.finding("groups")).result.verdict is Verdict.FINE


async def test_pixels_on_spi_need_the_group_spi(patient: Patient) -> None:
    patient.config(CONFIG.replace("button-led", "respeaker-2mic"))
    text = (patient.root / "etc/group").read_text()
    patient.write("etc/group", text.replace("spi:x:4996:ravatard", "spi:x:4996:"))

    assert (await patient.finding("groups")).result.text == "ravatard is not in the group spi"


async def test_a_service_without_its_user_is_broken(patient: Patient) -> None:
    patient.write("etc/passwd", "root:x:0:0::/:/bin/sh\n")

    assert "there is no such user" in (await patient.finding("groups")).result.text


async def test_a_device_file_that_keeps_the_user_out_is_named(patient: Patient) -> None:
    (patient.root / "dev/gpiochip0").chmod(0o600)

    outcome = (await patient.finding("devices")).result

    assert outcome.text == "ravatard may not open /dev/gpiochip0"
    assert "group gpio" in outcome.remedy


async def test_who_uses_no_device_needs_none(patient: Patient) -> None:
    patient.config("microphone:\n  fifo: /run/sound\nspeaker:\n  enabled: false\n")

    assert (await patient.finding("devices")).result.verdict is Verdict.NEEDLESS


SERVED = "microphone: {alsa_config: system, device: DEVICE}\nspeaker: {alsa_config: system, device: DEVICE}\n"


@pytest.mark.parametrize("device", ["pulse", "pipewire"])
async def test_who_uses_a_sound_server_needs_no_group(patient: Patient, device: str) -> None:
    patient.config(SERVED.replace("DEVICE", device))
    patient.write("etc/group", (patient.root / "etc/group").read_text().replace(":ravatard\n", ":\n"))

    assert (await patient.finding("groups")).result.text == "no group is needed"
    assert (await patient.finding("mixer")).result.verdict is Verdict.NEEDLESS


async def test_the_default_device_is_a_sound_servers_where_the_machine_says_so(patient: Patient) -> None:
    patient.config(SERVED.replace("DEVICE", "default"))
    patient.write("etc/group", (patient.root / "etc/group").read_text().replace(":ravatard\n", ":\n"))
    assert (await patient.finding("groups")).result.text == "ravatard is not in the group audio"

    patient.write("etc/alsa/conf.d/99-pulseaudio-default.conf", "pcm.!default {type pulse}\n")

    assert (await patient.finding("groups")).result.text == "no group is needed"


async def test_the_echo_of_a_sound_server_is_measured_without_the_group(patient: Patient) -> None:
    patient.config(SERVED.replace("DEVICE", "pulse"))
    patient.write("etc/group", (patient.root / "etc/group").read_text().replace(":ravatard\n", ":\n"))

    assert (await patient.finding("echo")).result.verdict is not Verdict.SKIPPED
