"""What speaks for a user adds up, and is forgotten slowly."""

from __future__ import annotations

import pytest

from ravatard.core.audio.echo.user_evidence import ENOUGH, ENOUGH_TO_DOUBT, UserEvidence, Voicing


def summed(*frames: tuple[Voicing, float | None]) -> UserEvidence:
    evidence = UserEvidence()
    for voicing, excess_db in frames:
        evidence.take(voicing, excess_db)
    return evidence


def test_nothing_is_none() -> None:
    assert not UserEvidence().suffices(ENOUGH_TO_DOUBT)


@pytest.mark.parametrize(
    ("voicing", "excess_db", "count"),
    [
        (Voicing.SPEECH, 12.0, 3),
        (Voicing.SPEECH, 11.9, 4),
        (Voicing.SPEECH, 0.1, 4),
        (Voicing.MAYBE, 12.0, 4),
        (Voicing.MAYBE, 0.1, 6),
    ],
)
def test_so_many_frames_of_a_kind_suffice(voicing: Voicing, excess_db: float, count: int) -> None:
    frame = (voicing, excess_db)

    assert not summed(*[frame] * (count - 1)).suffices(ENOUGH)
    assert summed(*[frame] * count).suffices(ENOUGH)


@pytest.mark.parametrize("voicing", Voicing)
@pytest.mark.parametrize("excess_db", [0.0, -20.0, None])
def test_soft_frames_never_do(voicing: Voicing, excess_db: float | None) -> None:
    assert not summed(*[(voicing, excess_db)] * 500).suffices(ENOUGH_TO_DOUBT)


def test_loud_sound_that_is_no_speech_never_does() -> None:
    assert not summed(*[(Voicing.NONE, 40.0)] * 500).suffices(ENOUGH_TO_DOUBT)


def test_less_suffices_for_a_closer_look() -> None:
    two = summed(*[(Voicing.SPEECH, 20.0)] * 2)

    assert two.suffices(ENOUGH_TO_DOUBT)
    assert not two.suffices(ENOUGH)


def test_the_newest_frame_must_be_a_part_of_it() -> None:
    evidence = summed(*[(Voicing.SPEECH, 20.0)] * 4)
    evidence.take(Voicing.NONE, -20.0)
    assert not evidence.suffices(ENOUGH)

    evidence.take(Voicing.SPEECH, 20.0)
    assert evidence.suffices(ENOUGH)


def test_silence_forgets_it_and_what_is_no_speech_sooner() -> None:
    loud = [(Voicing.SPEECH, 20.0)] * 3

    assert not summed(*loud, *[(Voicing.NONE, -20.0)] * 10, (Voicing.SPEECH, 20.0)).suffices(ENOUGH - 0.9)
    assert summed(*loud, *[(Voicing.NONE, -20.0)] * 10, (Voicing.SPEECH, 20.0)).suffices(ENOUGH - 1.0)
    assert not summed(*loud, *[(Voicing.NONE, 5.0)] * 10, (Voicing.SPEECH, 20.0)).suffices(ENOUGH - 5.9)


def test_more_than_a_limit_is_not_remembered() -> None:
    much, more = ([(Voicing.SPEECH, 20.0)] * count for count in (4, 400))

    for frames in (much, more):
        evidence = summed(*frames, *[(Voicing.NONE, -20.0)] * 17, (Voicing.SPEECH, 20.0))
        assert not evidence.suffices(ENOUGH)


def test_it_can_be_lowered_and_cleared() -> None:
    evidence = summed(*[(Voicing.SPEECH, 20.0)] * 4)
    evidence.lower(4.0)
    evidence.take(Voicing.SPEECH, 20.0)
    assert evidence.suffices(ENOUGH_TO_DOUBT)
    assert not evidence.suffices(ENOUGH)

    evidence.clear()
    evidence.take(Voicing.SPEECH, 20.0)
    assert not evidence.suffices(ENOUGH_TO_DOUBT)
