from __future__ import annotations

from ravatard.core.audio.audibility import PAUSE_S, Audibility
from ravatard.core.events import PlaybackEnded, PlaybackStarted


def heard() -> Audibility:
    """Something is heard from 1.00 s to 1.02 s."""
    audibility = Audibility()
    assert audibility.block(1.0, 0.01) == PlaybackStarted(1.0)
    assert audibility.block(1.01, 0.01) is None
    return audibility


def test_it_begins_with_the_first_block_that_can_be_heard() -> None:
    assert heard().sounds


def test_silence_before_it_is_nothing() -> None:
    assert Audibility().pause(1.0, 1.0, over=True, more=False) is None


def test_a_short_pause_is_no_end_and_a_long_one_was_the_end_when_it_began() -> None:
    audibility = heard()

    short = audibility.pause(1.0 + PAUSE_S, 1.6, over=False, more=False)
    long = audibility.pause(1.03 + PAUSE_S, 1.7, over=False, more=False)

    assert short is None
    assert long == PlaybackEnded(1.02)
    assert not audibility.sounds


def test_a_long_pause_is_no_end_while_more_that_can_be_heard_waits() -> None:
    assert heard().pause(5.0, 5.0, over=False, more=True) is None


def test_the_end_of_a_finished_answer_is_told_when_its_last_sample_has_left() -> None:
    audibility = heard()

    told = [audibility.pause(at, at - 0.02, over=True, more=False) for at in (1.02, 1.03, 1.04, 1.05)]

    assert told == [None, None, PlaybackEnded(1.02), None]


def test_an_answer_that_follows_at_once_goes_on() -> None:
    audibility = heard()
    audibility.pause(1.02, 1.0, over=True, more=False)

    assert audibility.block(1.03, 0.01) is None
    assert audibility.sounds
