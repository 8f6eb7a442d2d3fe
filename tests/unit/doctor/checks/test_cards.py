"""Sound cards and their switches."""

from __future__ import annotations

import pytest

from ravatard.doctor.checks.cards import parse
from ravatard.doctor.result import Verdict
from tests.growth import HOSTILE, assert_linear
from tests.unit.doctor.patient import CONFIG, SCONTENTS, Patient


def test_controls_are_read_with_their_directions() -> None:
    pcm, microphone = parse(SCONTENTS)

    assert (pcm.name, pcm.percents, pcm.switches) == (
        "PCM",
        {"Playback": [81, 81]},
        {"Playback": [True, True]},
    )
    assert microphone.percents == {"Playback": [0], "Capture": [80]}
    assert microphone.switches == {"Playback": [False], "Capture": [True]}


@pytest.mark.parametrize(
    "text", ["", "nonsense\n", "  Mono: Playback 3 [10%]\n", "Simple mixer control 'X',0\n"]
)
def test_what_is_no_control_has_no_switches(text: str) -> None:
    assert all(not control.switches and not control.percents for control in parse(text))


async def test_a_monitor_that_is_off_is_no_muted_speaker(patient: Patient) -> None:
    assert (await patient.finding("mixer")).result.verdict is Verdict.FINE


async def test_one_channel_that_is_on_is_enough(patient: Patient) -> None:
    patient.programs["amixer"] = SCONTENTS.replace("[81%] [-7.00dB] [on]", "[81%] [-7.00dB] [off]", 1)

    assert (await patient.finding("mixer")).result.verdict is Verdict.FINE


async def test_a_card_that_is_not_used_may_be_muted(patient: Patient) -> None:
    patient.programs["amixer"] = SCONTENTS.replace("[on]", "[off]")
    patient.config(CONFIG.replace("card:Mic", "usb:1234:5678"))

    assert (await patient.finding("mixer")).result.verdict is Verdict.FINE


@pytest.mark.parametrize("name", ["usb:0d8c:0014", "USB:0D8C:0014@1-1.2", "hw:CARD=Mic", "USB Mic"])
async def test_a_card_is_known_by_every_name_it_may_have(patient: Patient, name: str) -> None:
    patient.programs["amixer"] = SCONTENTS.replace("[on]", "[off]")
    patient.config(CONFIG.replace("card:Mic", f"'{name}'"))

    assert (await patient.finding("mixer")).result.verdict is Verdict.BROKEN


async def test_without_amixer_nobody_knows(patient: Patient) -> None:
    del patient.programs["amixer"]

    outcome = (await patient.finding("mixer")).result

    assert (outcome.verdict, outcome.remedy) == (Verdict.UNKNOWN, "sudo apt install alsa-utils")


async def test_without_a_card_a_sound_server_may_do(patient: Patient) -> None:
    patient.remove("proc/asound/card0/id")
    patient.remove("proc/asound/card0/usbid")
    patient.root.joinpath("proc/asound/card0").rename(patient.root / "elsewhere")

    found = {one.id: one.result.verdict for one in await patient.findings("mixer", "microphone")}

    assert found["cards"] is Verdict.WARNING
    assert found["mixer"] is Verdict.NEEDLESS
    assert found["microphone"] is Verdict.FINE


async def test_the_vendors_own_driver_will_do_when_its_card_is_there(patient: Patient) -> None:
    patient.config("board: respeaker-2mic\nmicrophone:\n  device: seeed-2mic-voicecard\n")
    patient.write("proc/asound/cards", " 0 [seeed2micvoicec]: seeed-2mic-voicecard - seeed-2mic-voicecard\n")

    assert (await patient.finding("overlay")).result.verdict is Verdict.FINE


@pytest.mark.parametrize("family", HOSTILE)
def test_no_name_of_a_control_takes_longer_than_its_size(family: str) -> None:
    def lines(size: int) -> str:
        return f"Simple mixer control 'x',0\n{HOSTILE[family](size)}"

    assert_linear(parse, lines)
