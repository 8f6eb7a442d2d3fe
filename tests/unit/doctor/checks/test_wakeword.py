"""The wake word's model is tried where a gate waits for the word."""

from __future__ import annotations

from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import CONFIG, Patient


async def test_without_a_word_there_is_nothing_to_look_at(patient: Patient) -> None:
    assert (await patient.finding("wakeword")).result.verdict is Verdict.NEEDLESS


async def test_a_word_that_cannot_be_recognised_is_told_with_what_happens_instead(patient: Patient) -> None:
    patient.config(CONFIG + "gate: {mode: wakeword}\nwakeword: {word: nowhere}\n")

    outcome = (await patient.finding("wakeword")).result

    assert outcome.verdict is Verdict.WARNING
    assert outcome.text
    assert "any voice" in outcome.remedy
