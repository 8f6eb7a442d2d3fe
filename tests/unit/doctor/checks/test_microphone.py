"""What is said of a microphone, by itself or by the daemon that has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ravatard.devices.microphone.protocol import ChannelsCancel
from ravatard.doctor.bench import RecordedSound
from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import ROOM, Patient, running

LOUD = b"\x00\x40\x00\xc0" * 16_000
CLIPPED = b"\xff\x7f\x01\x80" * 16_000
OFF_ZERO = b"\x00\x08\x10\x08" * 16_000
FAINT = (b"\x00\x00" * 99 + b"\x01\x00") * 320


@pytest.mark.parametrize(
    ("pcm", "pace", "check", "says"),
    [
        (LOUD, 1.0, "microphone.level", "the room is loud"),
        (FAINT, 1.0, "microphone.level", "very quiet"),
        (CLIPPED, 1.0, "microphone.clipping", "100% of the sound is cut off"),
        (OFF_ZERO, 1.0, "microphone.dc", "off zero by 6"),
        (ROOM, 0.5, "microphone.rate", "8000 samples a second come instead of 16000"),
        (ROOM, 1.2, "microphone.rate", "19200 samples"),
    ],
)
async def test_bad_sound_is_a_warning_of_its_own(
    patient: Patient, pcm: bytes, pace: float, check: str, says: str
) -> None:
    patient.bench.recording = RecordedSound("USB Mic", pcm, 0.0, pace)

    outcome = (await patient.finding(check)).result

    assert outcome.verdict is Verdict.WARNING
    assert says in outcome.text
    assert outcome.remedy


async def test_good_sound_is_told_in_numbers(patient: Patient) -> None:
    outcome = (await patient.finding("microphone.level")).result

    assert outcome.verdict is Verdict.FINE
    assert -60 < float(outcome.measured["floor_db"]) < -40


async def test_channels_that_cancel_are_named(patient: Patient) -> None:
    text = ChannelsCancel(0, 2).text
    patient.bench.recording = RecordedSound("USB Mic", ROOM, 0.0, 1.0, text)

    outcome = (await patient.finding("microphone")).result

    assert outcome.verdict is Verdict.WARNING
    assert "channels cancel each other" in outcome.text
    assert "capture.channel" in outcome.remedy


async def test_a_recording_that_is_silent_is_no_broken_microphone(patient: Patient) -> None:
    patient.config("microphone:\n  wav: /silence.wav\n")
    patient.bench.recording = RecordedSound("silence.wav", bytes(64_000), 0.0, 1.0)

    assert (await patient.finding("microphone.silence")).result.verdict is Verdict.FINE


async def test_the_daemons_microphone_is_not_opened_but_asked_about(patient: Patient) -> None:
    patient.status = running()

    found = {one.id: one.result for one in await patient.findings("microphone")}

    assert patient.bench.opened == []
    assert "in use by the running daemon" in found["microphone"].text
    assert found["microphone.level"].measured == {"floor_db": -62.0, "loudest_db": -40.0}
    assert found["microphone.clipping"].verdict is Verdict.NEEDLESS


@pytest.mark.parametrize(
    ("microphone", "muted", "verdict"),
    [
        ({"state": "muted", "device": "", "level_db": None, "floor_db": None}, True, Verdict.WARNING),
        ({"state": "absent", "device": "", "level_db": None, "floor_db": None}, False, Verdict.BROKEN),
    ],
)
async def test_a_daemon_that_hears_nothing_is_told_about(
    patient: Patient, microphone: dict[str, object], muted: bool, verdict: Verdict
) -> None:
    patient.status = running(
        microphone=microphone, muted=muted, degraded=["offline: no route.", "no microphone: unplugged"]
    )

    found = {one.id: one.result for one in await patient.findings("microphone")}

    assert found["microphone"].verdict is verdict
    assert "no route" not in found["microphone"].text
    assert found["microphone.level"].verdict in (Verdict.SKIPPED, Verdict.NEEDLESS)


async def test_an_exact_pace_is_shown_in_percent(patient: Patient) -> None:
    assert isinstance(patient.bench.recording, RecordedSound)
    patient.bench.recording = replace(patient.bench.recording, pace=0.998)

    assert (await patient.finding("microphone.rate")).result.text == "99.8 % of real time"
