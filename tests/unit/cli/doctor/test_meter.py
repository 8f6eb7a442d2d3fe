"""The meter beside a running daemon: its first sentence tells the use of the microphone."""

from __future__ import annotations

import pytest

from ravatard.cli.doctor.meter import use_of_microphone


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
