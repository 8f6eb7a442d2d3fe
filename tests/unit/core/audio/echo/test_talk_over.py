"""A user who speaks while the avatar is heard is found by some 100 ms of loud speech, in pieces or not."""

from __future__ import annotations

import audioop

import pytest

from ravatard.core.audio.echo.talk_over import FRAME_BYTES, TalkOverDetector, level_db
from ravatard.core.audio.endpointing.endpointer import SILENT_DB
from tests.unit.core.sounds import hears_sound, hiss, noise, quiet, voice

LOUD = voice(30.0)
FAINT = voice(30.0, 40)
SILENT = bytes(FRAME_BYTES)
PLAYED = voice(90.0)


def ready() -> TalkOverDetector:
    detector = TalkOverDetector(hears_sound, hears_sound)
    for _ in range(300):
        detector.takes(FAINT, PLAYED, SILENT)
    return detector


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param((LOUD,) * 3, id="in a row"),
        pytest.param((LOUD, LOUD, SILENT, LOUD, LOUD), id="in pieces"),
        pytest.param((LOUD, LOUD, *[SILENT] * 6, LOUD, LOUD), id="in pieces far from each other"),
    ],
)
def test_loud_speech_is_a_user_at_its_last_frame(frames: tuple[bytes, ...]) -> None:
    detector = ready()

    found = [detector.takes(frame, PLAYED, SILENT) for frame in frames]

    assert found == [False] * (len(frames) - 1) + [True]
    assert detector.allowed


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param((LOUD, LOUD), id="two"),
        pytest.param((LOUD, *[SILENT] * 8) * 10, id="single ones"),
        pytest.param((*[FAINT] * 50, LOUD, LOUD), id="two behind soft speech, as of a television"),
        pytest.param((LOUD, LOUD, *[SILENT] * 20, LOUD, LOUD), id="two and two, forgotten meanwhile"),
    ],
)
def test_less_speech_is_none(frames: tuple[bytes, ...]) -> None:
    detector = ready()

    assert not any(detector.takes(frame, PLAYED, SILENT) for frame in frames)


def test_where_the_strictest_judge_hears_no_speech_four_frames_that_may_be_are_a_user() -> None:
    detector = TalkOverDetector(lambda frame: False, hears_sound)
    for _ in range(300):
        detector.takes(FAINT, PLAYED, SILENT)

    assert [detector.takes(LOUD, PLAYED, SILENT) for _ in range(4)] == [False, False, False, True]


def test_what_the_speaker_played_a_moment_ago_is_none_however_loud() -> None:
    detector, spoken = ready(), noise(900.0)
    played, delayed = spoken, quiet(120.0) + spoken

    def frames(number: int) -> tuple[bytes, bytes, bytes]:
        part = slice(number * FRAME_BYTES, (number + 1) * FRAME_BYTES)
        return delayed[part], played[part], delayed[part]

    assert not any(detector.takes(*frames(number)) for number in range(30))


@pytest.mark.parametrize(("echo", "found_at"), [(0.0, 2), (0.05, 2), (0.2, None), (0.4, None)])
def test_a_user_who_sounds_like_what_was_played_somewhere_is_none_where_the_delay_is_not_known(
    echo: float, found_at: int | None
) -> None:
    detector, spoken = TalkOverDetector(hears_sound, hears_sound), noise(900.0)
    for _ in range(300):
        detector.takes(FAINT, noise(30.0), SILENT)
    left = audioop.add(voice(900.0), audioop.mul(spoken, 2, echo), 2)
    parts = [slice(at * FRAME_BYTES, (at + 1) * FRAME_BYTES) for at in range(12)]

    found = [detector.takes(left[part], spoken[part], SILENT) for part in parts]

    assert (found.index(True) if True in found else None) == found_at


@pytest.mark.parametrize(
    ("like_ms", "is_found"), [(40.0, True), (200.0, True), (120.0, False), (140.0, False)]
)
def test_a_user_who_sounds_like_what_was_played_at_another_time_than_the_echo_is_found(
    like_ms: float, is_found: bool
) -> None:
    detector, spoken, said = ready(), noise(3_600.0), voice(3_600.0)
    detector.begin()
    echo = quiet(120.0) + spoken
    end = len(spoken)
    heard = audioop.add(audioop.mul(said, 2, 0.5), audioop.mul(echo, 2, 0.3)[:end], 2)
    left = audioop.add(said, audioop.mul(quiet(like_ms) + spoken, 2, 0.3)[:end], 2)

    def takes(number: int, sound: bytes, microphone: bytes) -> bool:
        part = slice(number * FRAME_BYTES, (number + 1) * FRAME_BYTES)
        return detector.takes(sound[part], spoken[part], microphone[part])

    assert not any(takes(number, audioop.mul(said, 2, 0.005), echo) for number in range(60))

    assert any(takes(number, left, heard) for number in range(60, 72)) is is_found


def test_none_is_found_behind_a_change_of_the_delay_until_the_canceller_is_back() -> None:
    detector, spoken, said = ready(), noise(3_600.0), voice(3_600.0)
    later = 120.0
    heard = quiet(later) + spoken
    moved = quiet(later + 1.0) + spoken

    def takes(number: int, echo: bytes, left: bytes) -> bool:
        part = slice(number * FRAME_BYTES, (number + 1) * FRAME_BYTES)
        return detector.takes(left[part], spoken[part], echo[part])

    assert not any(takes(number, heard, audioop.mul(said, 2, 0.005)) for number in range(60))
    behind = [takes(number, moved, said) for number in range(60, 70)]
    settled = [takes(number, moved, audioop.mul(said, 2, 0.005)) for number in range(70, 110)]
    spoke = [takes(number, moved, said) for number in range(110, 120)]

    assert not any(behind + settled)
    assert any(spoke)


def test_a_change_of_the_delay_that_a_regular_look_finds_makes_it_careful() -> None:
    detector, spoken = ready(), noise(3_600.0)
    detector.begin()
    faint = audioop.mul(voice(3_600.0), 2, 0.005)

    def takes(number: int, later: float) -> bool:
        part = slice(number * FRAME_BYTES, (number + 1) * FRAME_BYTES)
        return detector.takes(faint[part], spoken[part], (quiet(later) + spoken)[part])

    assert not any(takes(number, 120.0) for number in range(62))
    assert detector.guard.is_telling
    changed = []
    for number in range(62, 118):
        takes(number, 121.0)
        changed.append(not detector.guard.is_telling)

    assert True in changed
    assert detector.delay_ms == pytest.approx(121.0, abs=0.3)


def test_a_change_that_the_evidence_itself_brings_to_light_takes_it_away() -> None:
    detector, spoken, said = ready(), noise(3_600.0), voice(3_600.0)
    detector.begin()
    faint = audioop.mul(said, 2, 0.005)

    def takes(number: int, later: float, left: bytes) -> bool:
        part = slice(number * FRAME_BYTES, (number + 1) * FRAME_BYTES)
        return detector.takes(left[part], spoken[part], (quiet(later) + spoken)[part])

    assert not any(takes(number, 120.0, faint) for number in range(62))
    assert not any(takes(number, 121.0, faint) for number in range(62, 77))
    # The third frame of evidence falls on the regular look, which doubts; the look for an echo is sure.
    found = [takes(number, 121.0, said) for number in range(77, 80)]

    assert found == [False, False, False]
    assert detector.delay_ms == pytest.approx(121.0, abs=0.3)
    assert not detector.allowed


def test_the_silence_behind_an_echo_is_no_user() -> None:
    detector = ready()
    loud = [detector.takes(hiss(30.0), PLAYED, SILENT) for _ in range(4)]

    behind = [detector.takes(FAINT, PLAYED, SILENT) for _ in range(8)]

    assert not any(loud + behind)


def test_words_that_are_not_trusted_have_begun_all_the_same() -> None:
    detector = ready()
    assert detector.suspected == 0
    detector.disturbed()

    found = user_over_the_avatar(detector, 12)
    detector.disturbed()

    assert not any(found)
    assert detector.suspected == 12


def test_a_user_who_begins_behind_a_disturbance_is_found_by_two_looks_each_at_frames_of_its_own() -> None:
    detector = ready()
    detector.disturbed()

    found = user_over_the_avatar(detector, 40)

    # From 600 ms on: two frames of evidence are enough for a look, and five are for the second.
    assert found.index(True) == 25


@pytest.mark.parametrize("delay_ms", [5.0, 60.0, 120.0])
def test_an_echo_that_a_canceller_has_lost_for_good_is_none_behind_a_disturbance(delay_ms: float) -> None:
    detector, spoken = ready(), noise(4_500.0)
    lost = quiet(delay_ms) + spoken
    detector.disturbed()
    parts = [slice(at * FRAME_BYTES, (at + 1) * FRAME_BYTES) for at in range(100)]

    assert not any(detector.takes(lost[part], spoken[part], lost[part]) for part in parts)


def test_a_pause_between_two_words_does_not_end_what_may_be_a_users_but_half_a_second_does() -> None:
    detector = ready()
    user_over_the_avatar(detector, 4)

    for _ in range(15):
        detector.takes(FAINT, PLAYED, SILENT)
    assert detector.suspected == 19

    detector.takes(FAINT, PLAYED, SILENT)
    assert detector.suspected == 0


def test_distortion_has_no_bass_and_is_none() -> None:
    detector = ready()

    assert not any(detector.takes(hiss(30.0), PLAYED, SILENT) for _ in range(10))


def user_over_the_avatar(detector: TalkOverDetector, frames: int) -> list[bool]:
    """Have a user speak over other sound that is played at 48 kHz; returns when the user is found."""
    said, played = voice(frames * 30.0), noise(frames * 90.0)
    return [
        detector.takes(
            said[at * FRAME_BYTES : (at + 1) * FRAME_BYTES],
            played[at * 3 * FRAME_BYTES : (at + 1) * 3 * FRAME_BYTES],
            SILENT,
        )
        for at in range(frames)
    ]


def test_a_user_behind_an_echo_that_was_found_out_is_found() -> None:
    detector = ready()
    for _ in range(10):
        detector.takes(hiss(30.0), PLAYED, SILENT)

    found = user_over_the_avatar(detector, 9)

    assert True in found


def test_in_the_first_300_ms_of_an_answer_none_is_found_but_the_evidence_counts() -> None:
    detector = ready()

    detector.begin()

    assert user_over_the_avatar(detector, 10) == [False] * 9 + [True]


def test_the_rest_of_the_echo_is_none_though_it_is_speech() -> None:
    detector = ready()

    assert not any(detector.takes(FAINT, PLAYED, SILENT) for _ in range(30))
    assert not detector.allowed


def test_loud_sound_that_is_no_speech_is_none() -> None:
    detector = TalkOverDetector(lambda frame: False, lambda frame: False)

    assert not any(detector.takes(LOUD, PLAYED, SILENT) for _ in range(100))


def test_evidence_that_was_used_is_not_used_again() -> None:
    detector = ready()
    for _ in range(4):
        detector.takes(LOUD, PLAYED, SILENT)

    detector.forget()

    assert not detector.takes(LOUD, PLAYED, SILENT)
    assert detector.guard.is_ready


def test_levels_are_of_full_scale() -> None:
    assert level_db(SILENT) == SILENT_DB
    assert level_db(b"\xff\x7f" * 480) == pytest.approx(0.0, abs=0.01)
