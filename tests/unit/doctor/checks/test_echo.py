"""Talking over the avatar: what `doctor --echo` says about it."""

from __future__ import annotations

import sys

import pytest

from ravatard.doctor.checks.echo import judge
from ravatard.doctor.echo_trial import EchoTrial
from ravatard.doctor.result import Verdict
from tests.unit.core.sounds import quiet
from tests.unit.doctor.checks.test_speaker import ECHO
from tests.unit.doctor.patient import CONFIG, Patient

NAME = "echo.talk-over"
GOOD = EchoTrial(0, -30.0, 35.0, -50.0, 120.0, -35.0)
BAD = EchoTrial(3, -30.0, 35.0, -20.0)
WEAK = EchoTrial(0, -30.0, 4.0, -20.0)


async def test_without_being_asked_nothing_is_tried(patient: Patient) -> None:
    assert (await patient.finding(NAME)).result.verdict is Verdict.NEEDLESS


async def test_without_the_library_nothing_is_tried(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])

    outcome = (await patient.finding(NAME, ECHO)).result

    assert outcome.verdict is Verdict.NEEDLESS
    assert "livekit is not installed" in outcome.text


async def test_a_setting_that_needs_the_library_is_broken_without_it(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient.config(f"{CONFIG}audio: {{echo: cancel, barge_in: voice}}\n")
    monkeypatch.setattr(sys, "path", [])

    assert (await patient.finding(NAME, ECHO)).result.verdict is Verdict.BROKEN


async def test_a_microphone_that_breaks_is_told(patient: Patient) -> None:
    patient.bench.heard = "the microphone is gone"

    outcome = (await patient.finding(NAME, ECHO)).result

    assert (outcome.verdict, outcome.text) == (Verdict.UNKNOWN, "the microphone is gone")


async def test_a_trial_in_which_nothing_was_played_says_so(patient: Patient) -> None:
    patient.bench.heard = [(quiet(20.0), quiet(20.0), 0.0)] * 100

    outcome = (await patient.finding(NAME, ECHO)).result

    assert outcome.verdict is Verdict.UNKNOWN
    assert "too little" in outcome.text


@pytest.mark.parametrize(
    ("trial", "echo", "verdict", "words"),
    [
        (GOOD, "half-duplex", Verdict.FINE, "audio: {echo: cancel, barge_in: voice}"),
        (GOOD, "cancel", Verdict.FINE, "cancel is right"),
        (GOOD, "external", Verdict.FINE, "external is right"),
        (BAD, "half-duplex", Verdict.FINE, "`audio: {echo: half-duplex, barge_in: button}` is right"),
        (BAD, "cancel", Verdict.WARNING, "3 times"),
        (BAD, "external", Verdict.WARNING, "3 times"),
        (WEAK, "cancel", Verdict.WARNING, "4 dB softer"),
    ],
)
def test_a_trial_says_which_setting_suits(trial: EchoTrial, echo: str, verdict: Verdict, words: str) -> None:
    outcome = judge(trial, echo)

    assert outcome.verdict is verdict
    assert words in outcome.text
    assert outcome.measured["removed_db"] == trial.removed_db


def test_delay_and_drift_are_told_where_the_echo_was_found() -> None:
    found, lost = judge(GOOD, "cancel"), judge(BAD, "cancel")

    assert "(delay 120 ms, clocks -35 ppm apart)" in found.text
    assert (found.measured["delay_ms"], found.measured["drift_ppm"]) == (120, -35)
    assert "delay" not in lost.text
    assert "delay_ms" not in lost.measured
