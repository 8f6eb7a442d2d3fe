"""The recogniser is reached, or what to do is said; nothing is sent to it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import CONFIG, Patient

WITH_ONE = CONFIG + "speech_to_text: {uri: 'tcp://ears.lan:10300'}\n"
REMEDY = "start the recogniser, or correct speech_to_text.uri"


async def test_without_a_recogniser_there_is_nothing_to_look_at(patient: Patient) -> None:
    assert (await patient.finding("recogniser")).result.verdict is Verdict.NEEDLESS


async def test_a_recogniser_that_answers_is_named(patient: Patient) -> None:
    patient.config(WITH_ONE)

    outcome = (await patient.finding("recogniser")).result

    assert outcome.text == "the recogniser tcp://ears.lan:10300 answers"
    assert ("ears.lan", 10300, False) in patient.connections


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("tcp://ears.lan:10300", "the recogniser tcp://ears.lan:10300 cannot be reached (refused)"),
        ("tcp://ears.lan:99999", "the recogniser tcp://ears.lan:99999 cannot be reached (Port out of range"),
        ("unix:///run/none", "the recogniser unix:///run/none cannot be reached (No such file or directory)"),
    ],
)
async def test_a_recogniser_that_is_not_there_is_told_with_the_remedy(
    patient: Patient, uri: str, says: str
) -> None:
    patient.config(f"{CONFIG}speech_to_text: {{uri: '{uri}'}}\n")
    patient.unreachable = ConnectionRefusedError(111, "refused")

    outcome = (await patient.finding("recogniser")).result

    assert outcome.verdict is Verdict.BROKEN
    assert outcome.text.startswith(says)
    assert outcome.remedy == REMEDY


async def test_a_recogniser_that_keeps_silent_has_a_limit(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(host: str, port: int, tls: bool) -> None:
        await asyncio.Event().wait()

    patient.config(WITH_ONE)
    monkeypatch.setattr(patient, "_connect", never)

    assert "within 8 s" in (await patient.finding("recogniser")).result.text


async def test_a_recogniser_on_a_socket_of_this_machine_is_reached(patient: Patient) -> None:
    (patient.root / "run").mkdir(exist_ok=True)
    path = Path("/run/ears")
    patient.config(f"{CONFIG}speech_to_text: {{uri: 'unix://{path}'}}\n")
    opened = asyncio.Event()

    def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.set()
        writer.close()

    async with await asyncio.start_unix_server(accept, patient.machine().path(str(path))):
        outcome = (await patient.finding("recogniser")).result
        await opened.wait()

    assert outcome.verdict is Verdict.FINE
