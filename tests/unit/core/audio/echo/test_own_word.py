"""The wake word in what the speaker plays: for a while afterwards a hit is the avatar's own."""

from __future__ import annotations

from ravatard.core.audio.echo.own_word import HEARD_MS, OwnWord
from ravatard.core.audio_format import VOICE
from ravatard.core.wakeword.watch import WakeWord
from tests.unit.core.wakeword.fakes import NEAR_FRAMES, THRESHOLD, FakeDetector

FRAME_MS = 20
LOUD, SOFT = (VOICE.bytes_for(FRAME_MS) // 2 * sample for sample in (b"\xff\x7f", b"\x10\x00"))


def heard(frames: int, *, then_ms: int = 0) -> tuple[OwnWord, FakeDetector]:
    detector = FakeDetector()
    own = OwnWord(WakeWord(detector, THRESHOLD))
    own.begin()
    for frame in [LOUD] * frames + [SOFT] * (then_ms // FRAME_MS):
        own.played(frame)
    return own, detector


def test_half_of_the_threshold_is_enough() -> None:
    assert not heard(4)[0].is_heard
    assert heard(NEAR_FRAMES)[0].is_heard


def test_it_lasts_until_no_echo_of_it_can_come_any_more() -> None:
    assert heard(NEAR_FRAMES, then_ms=HEARD_MS - FRAME_MS)[0].is_heard
    assert not heard(NEAR_FRAMES, then_ms=HEARD_MS)[0].is_heard


def test_another_answer_begins_anew() -> None:
    own, detector = heard(NEAR_FRAMES)

    own.begin()

    assert not own.is_heard
    assert detector.forgot == 2


def test_a_detector_that_fails_leaves_every_hit_to_the_avatar() -> None:
    own, detector = heard(0)
    detector.broken = True

    own.played(SOFT)
    asked = len(detector.frames)
    own.played(SOFT)

    assert own.is_heard
    assert len(detector.frames) == asked


def test_a_detector_that_cannot_begin_leaves_every_hit_to_the_avatar_too() -> None:
    detector = FakeDetector()
    detector.broken = True
    own = OwnWord(WakeWord(detector, THRESHOLD))

    own.begin()

    assert own.is_heard
