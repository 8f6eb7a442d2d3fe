"""A user who speaks while the avatar is heard is found by four frames of five."""

from __future__ import annotations

import pytest

from ravatard.core.audio.echo.talk_over import FRAME_BYTES, TalkOverDetector, level_db
from ravatard.core.audio.endpointing.endpointer import SILENT_DB
from tests.unit.core.sounds import hears_sound, voice

LOUD = voice(30.0)
FAINT = voice(30.0, 40)
SILENT = bytes(FRAME_BYTES)
PLAYED = voice(90.0)


def ready() -> TalkOverDetector:
    detector = TalkOverDetector(hears_sound)
    for _ in range(60):
        detector.takes(FAINT, PLAYED)
    return detector


def test_four_frames_of_five_are_a_user() -> None:
    detector = ready()

    found = [detector.takes(frame, PLAYED) for frame in (LOUD, LOUD, SILENT, LOUD, LOUD)]

    assert found == [False, False, False, False, True]
    assert detector.allowed


def test_the_rest_of_the_echo_is_none_though_it_is_speech() -> None:
    detector = ready()

    assert not any(detector.takes(FAINT, PLAYED) for _ in range(30))
    assert not detector.allowed


def test_loud_sound_that_is_no_speech_is_none() -> None:
    detector = TalkOverDetector(lambda frame: False)

    assert not any(detector.takes(LOUD, PLAYED) for _ in range(100))


def test_evidence_that_was_used_is_not_used_again() -> None:
    detector = ready()
    for _ in range(4):
        detector.takes(LOUD, PLAYED)

    detector.forget()

    assert not detector.takes(LOUD, PLAYED)
    assert detector.guard.is_ready


def test_levels_are_of_full_scale() -> None:
    assert level_db(SILENT) == SILENT_DB
    assert level_db(b"\xff\x7f" * 480) == pytest.approx(0.0, abs=0.01)
