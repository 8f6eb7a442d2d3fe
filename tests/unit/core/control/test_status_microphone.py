"""Microphone's part of the status report; its faults are in :mod:`tests.unit.core.control.test_status`."""

from __future__ import annotations

import pytest

from ravatard.core import events as ev
from ravatard.core.audio.progress import Progress
from ravatard.core.control.status_microphone import NEARLY_NONE_MS, MicrophoneReport
from ravatard.core.states import CloseReason, MicrophoneStatus


def test_before_the_first_heartbeat_there_are_no_levels() -> None:
    assert MicrophoneReport(Progress()).snapshot(MicrophoneStatus.ABSENT, None) == {
        "state": "absent",
        "device": "",
        "level_db": None,
        "floor_db": None,
        "wake_score": None,
        "silence_ms": None,
    }


@pytest.mark.parametrize(("speech_ms", "misses"), [(NEARLY_NONE_MS - 1, 1), (NEARLY_NONE_MS, 0)])
def test_an_utterance_with_next_to_no_speech_is_a_near_miss(speech_ms: float, misses: int) -> None:
    report = MicrophoneReport(Progress())

    report.on_event(ev.UtteranceClosed(1, CloseReason.SILENCE, 1, speech_ms), 1.0)

    assert report.near_misses == misses
