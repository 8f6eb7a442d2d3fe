"""The speaker plays a chirp; with --echo the microphone listens for it."""

from __future__ import annotations

import numpy as np
import pytest

from ravatard.core.audio_format import RATE_HZ, VOICE_RATE_HZ
from ravatard.doctor.bench import RecordedSound
from ravatard.doctor.check import DoctorRequest
from ravatard.doctor.checks.speaker import recommended_tail_ms
from ravatard.doctor.chirp import chirp
from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import CONFIG, Patient, running

ECHO = DoctorRequest(echo=True)


def hearing(gain_db: float | None, at_s: float = 1.06) -> RecordedSound:
    """3.5 s of a room; the chirp comes at ``at_s`` (the patient's speaker plays it at 1 s)."""
    sound = np.random.default_rng(3).normal(0, 20, round(3.5 * RATE_HZ))
    if gain_db is not None:
        played = np.frombuffer(chirp(RATE_HZ), "<i2") * 10 ** (gain_db / 20)
        at = round(at_s * RATE_HZ)
        sound[at : at + len(played)] += played
    return RecordedSound("USB Mic", sound.astype("<i2").tobytes(), 0.0, 1.0)


async def test_the_speaker_plays_a_chirp(patient: Patient) -> None:
    outcome = (await patient.finding("speaker")).result

    assert patient.bench.played == [chirp(VOICE_RATE_HZ)]
    assert outcome.measured == {"device": "USB Speaker", "latency_ms": 20.0}


async def test_a_speaker_that_is_switched_off_is_not_needed(patient: Patient) -> None:
    patient.config(CONFIG.replace("speaker:", "speaker:\n  enabled: false"))

    assert (await patient.finding("speaker")).result.verdict is Verdict.NEEDLESS
    assert patient.bench.played == []


async def test_the_daemons_speaker_is_left_alone(patient: Patient) -> None:
    patient.status = running()

    assert (await patient.finding("speaker")).result.verdict is Verdict.NEEDLESS
    assert patient.bench.played == []


async def test_a_speaker_that_sleeps_is_said_to_and_left_alone(patient: Patient) -> None:
    patient.status = running(speaker={"state": "asleep", "device": "USB Audio"})

    result = (await patient.finding("speaker")).result

    assert result.verdict is Verdict.NEEDLESS
    assert "USB Audio is asleep" in result.text


async def test_a_daemon_without_a_speaker_is_told_about(patient: Patient) -> None:
    patient.status = running(speaker={"state": "absent"}, degraded=["no speaker: unplugged"])

    assert "no speaker: unplugged" in (await patient.finding("speaker")).result.text


async def test_without_being_asked_no_echo_is_measured(patient: Patient) -> None:
    assert (await patient.finding("echo")).result.verdict is Verdict.NEEDLESS


async def test_the_echo_is_measured_and_a_tail_recommended(patient: Patient) -> None:
    patient.bench.recording = hearing(-12)

    outcome = (await patient.finding("echo", ECHO)).result

    assert outcome.verdict is Verdict.FINE
    assert outcome.measured["delay_ms"] == pytest.approx(60, abs=2)
    assert outcome.measured["gain_db"] == pytest.approx(-12, abs=1)
    assert outcome.measured["recommended_tail_ms"] in (100, 150)
    # Where the extra aec is installed, another check plays speech after it.
    chirp, *_ = patient.bench.played
    assert patient.bench.played.count(chirp) == 1


async def test_a_tail_that_is_too_short_is_told_with_the_right_one(patient: Patient) -> None:
    patient.config(f"{CONFIG}audio:\n  tail_ms: 50\n")
    patient.bench.recording = hearing(-12, at_s=1.4)

    outcome = (await patient.finding("echo", ECHO)).result

    assert outcome.verdict is Verdict.WARNING
    assert outcome.remedy == f"set audio.tail_ms to {outcome.measured['recommended_tail_ms']}"
    assert int(outcome.measured["recommended_tail_ms"]) >= 600


async def test_an_open_microphone_that_hears_the_speaker_is_broken(patient: Patient) -> None:
    patient.config(f"{CONFIG}audio:\n  echo: 'off'\n")
    patient.bench.recording = hearing(-20)

    outcome = (await patient.finding("echo", ECHO)).result

    assert outcome.verdict is Verdict.BROKEN
    assert "set audio.echo to half-duplex" in outcome.remedy


@pytest.mark.parametrize(("echo", "verdict"), [("half-duplex", Verdict.WARNING), ("off", Verdict.FINE)])
async def test_a_speaker_that_is_not_heard_needs_no_half_duplex(
    patient: Patient, echo: str, verdict: Verdict
) -> None:
    patient.config(f"{CONFIG}audio:\n  echo: '{echo}'\n")
    patient.bench.recording = hearing(None)

    outcome = (await patient.finding("echo", ECHO)).result

    assert outcome.verdict is verdict
    assert "does not hear the speaker" in outcome.text


async def test_a_speaker_that_breaks_while_recording_is_told_and_the_microphone_closed(
    patient: Patient,
) -> None:
    patient.bench.playback = "the speaker is gone"

    outcome = (await patient.finding("echo", ECHO)).result

    assert (outcome.verdict, outcome.text) == (Verdict.BROKEN, "the speaker is gone")


@pytest.mark.parametrize(("gone_ms", "tail_ms"), [(0, 100), (60, 100), (67, 150), (200, 300), (201, 350)])
def test_a_tail_is_half_as_long_again_in_steps_of_fifty(gone_ms: float, tail_ms: int) -> None:
    assert recommended_tail_ms(gone_ms) == tail_ms
