"""The meter beside a running daemon: its first sentence tells the use of the microphone."""

from __future__ import annotations

import pytest

from ravatard.cli.doctor.meter import about_word, use_of_microphone


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"status": {"muted": False}}, "has the microphone; this is its level"),
        ({"status": {"muted": True}}, "is muted: its microphone is closed; `ravatard unmute` opens it"),
        ({}, "has the microphone; this is its level"),
        ({"status": None}, "has the microphone; this is its level"),
    ],
)
def test_a_muted_daemon_is_not_said_to_have_the_microphone(reply: dict[str, object], said: str) -> None:
    assert use_of_microphone(reply) == said


@pytest.mark.parametrize("sentence", ["no wake word: it is broken", "the wake word ada goes on as before: x"])
def test_why_the_gate_waits_for_no_word_is_found_among_the_daemons_troubles(sentence: str) -> None:
    assert about_word({"degraded": ["offline: no network", sentence]}) == sentence
    assert about_word({"degraded": ["offline: no network"]}) == ""
