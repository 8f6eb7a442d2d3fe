"""Pins, the library that drives them, and SPI."""

from __future__ import annotations

import pytest

from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import CONFIG, Patient

PINS = ("gpio", "gpio.factory", "gpio.workdir", "spi")


async def test_who_has_no_button_and_no_lights_needs_none_of_it(patient: Patient) -> None:
    patient.config("{}")
    patient.remove("dev/gpiochip*")

    found = {one.id: one.result.verdict for one in await patient.findings(*PINS)}

    assert {found[name] for name in PINS} == {Verdict.NEEDLESS}


async def test_without_lgpio_it_is_told_what_would_come_of_it(patient: Patient) -> None:
    del patient.packages["lgpio"]

    outcome = (await patient.finding("gpio.factory")).result

    assert outcome.verdict is Verdict.BROKEN
    assert outcome.remedy == "run `sudo make install`"


async def test_mock_pins_need_no_machine(patient: Patient) -> None:
    patient.remove("etc/systemd/system/ravatard.service")
    patient.environ["GPIOZERO_PIN_FACTORY"] = "mock"
    patient.remove("dev/gpiochip*")

    found = {one.id: one.result.verdict for one in await patient.findings("gpio")}

    assert found["gpio"] is found["gpio.factory"] is Verdict.NEEDLESS


@pytest.mark.parametrize(
    ("drop_in", "verdict"),
    [
        ("", Verdict.FINE),
        ("WorkingDirectory=%S/ravatard", Verdict.FINE),
        ("WorkingDirectory=", Verdict.BROKEN),
        ("WorkingDirectory=/nowhere", Verdict.BROKEN),
        ("WorkingDirectory=/\nEnvironment=LG_WD=/run/ravatard", Verdict.FINE),
    ],
)
async def test_lgpio_needs_a_directory_to_write_to(patient: Patient, drop_in: str, verdict: Verdict) -> None:
    patient.drop_in(f"[Service]\n{drop_in}\n")
    patient.root.chmod(0o755)

    assert (await patient.finding("gpio.workdir")).result.verdict is verdict


@pytest.mark.parametrize(
    ("more", "verdict", "says"),
    [
        ("", Verdict.FINE, "/dev/spidev0.0"),
        ("pixels:\n  device: /dev/spidev0.1\n", Verdict.BROKEN, "there is no /dev/spidev0.1, only spidev0.0"),
    ],
)
async def test_pixels_need_their_own_device(patient: Patient, more: str, verdict: Verdict, says: str) -> None:
    patient.config(CONFIG.replace("button-led", "respeaker-2mic") + more)

    outcome = (await patient.finding("spi")).result

    assert (outcome.verdict, outcome.text) == (verdict, says)


async def test_pixels_need_the_extra(patient: Patient) -> None:
    patient.config(CONFIG.replace("button-led", "respeaker-2mic"))
    del patient.packages["spidev"]

    assert (await patient.finding("spi")).result.remedy == "run `sudo make install`"
