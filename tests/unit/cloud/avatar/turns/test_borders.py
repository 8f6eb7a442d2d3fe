from __future__ import annotations

import pytest

from ravatard.cloud.avatar.events import AvatarStatus
from ravatard.cloud.avatar.turns.borders import AnswerBorders, PiecePlace

LISTENING, SPEAKING, IDLE = AvatarStatus.LISTENING, AvatarStatus.SPEAKING, AvatarStatus.IDLE
BEGINS, CONTINUES, DISCARDED = PiecePlace.BEGINS, PiecePlace.CONTINUES, PiecePlace.DISCARDED


def test_a_run_between_speaking_and_idle_is_one_answer() -> None:
    borders = AnswerBorders()
    borders.status(0.0, SPEAKING)

    assert [borders.piece(at, 1.0) for at in (0.1, 1.0, 14.0)] == [BEGINS, CONTINUES, CONTINUES]
    borders.status(15.0, IDLE)
    assert borders.piece(15.2, 1.0) is CONTINUES
    assert not borders.over(15.4)
    assert borders.over(15.5)


def test_a_new_answer_begins_with_the_sound_after_speaking_that_followed_idle() -> None:
    borders = AnswerBorders()
    borders.status(0.0, SPEAKING)
    borders.piece(0.1, 1.0)
    borders.status(0.2, LISTENING)
    borders.status(0.3, SPEAKING)

    assert borders.piece(0.4, 1.0) is BEGINS


def test_speaking_again_within_an_answer_is_no_border() -> None:
    borders = AnswerBorders()
    borders.status(0.0, SPEAKING)
    borders.piece(0.1, 1.0)
    borders.status(0.2, SPEAKING)

    assert borders.piece(0.3, 1.0) is CONTINUES


def test_speaking_after_the_first_sound_is_no_border() -> None:
    borders = AnswerBorders()
    borders.piece(0.0, 1.0)
    borders.status(0.1, SPEAKING)

    assert borders.piece(0.2, 1.0) is CONTINUES


def test_a_new_turn_of_ours_is_a_border() -> None:
    borders = AnswerBorders()
    borders.piece(0.0, 1.0)
    borders.asked(0.5)

    assert borders.piece(0.6, 1.0) is BEGINS
    assert borders.piece(0.7, 1.0) is CONTINUES


def test_without_status_three_seconds_of_silence_are_a_border() -> None:
    borders = AnswerBorders()
    borders.piece(0.0, 1.0)

    assert borders.piece(2.9, 1.0) is CONTINUES
    assert borders.due_s() == 5.9
    assert borders.piece(5.9, 1.0) is BEGINS


def test_an_estimate_ends_an_answer_of_which_enough_has_come() -> None:
    borders = AnswerBorders()
    borders.asked(0.0, 10.0)
    borders.piece(1.0, 5.0)

    assert borders.due_s() == 16.0
    borders.piece(2.0, 4.0)
    assert borders.due_s() == 3.5
    assert borders.over(3.5)


def test_a_gap_within_a_speaking_avatar_is_waited_for_fifteen_seconds() -> None:
    borders = AnswerBorders()
    borders.status(0.0, SPEAKING)
    borders.piece(1.0, 1.0)

    assert borders.due_s() == 16.0


def test_after_an_interruption_sound_is_thrown_away_until_the_avatar_is_silent() -> None:
    borders = AnswerBorders()
    borders.status(0.0, SPEAKING)
    borders.piece(0.1, 1.0)
    borders.interrupted(0.2)

    assert borders.piece(0.3, 1.0) is DISCARDED
    borders.status(0.4, IDLE)
    assert borders.piece(0.5, 1.0) is BEGINS


def test_after_an_interruption_sound_is_thrown_away_for_three_seconds_at_most() -> None:
    borders = AnswerBorders()
    borders.piece(0.0, 1.0)
    borders.interrupted(0.0)

    assert borders.piece(2.9, 1.0) is DISCARDED
    assert borders.piece(3.0, 1.0) is BEGINS


def test_our_next_turn_ends_the_throwing_away() -> None:
    borders = AnswerBorders()
    borders.interrupted(0.0)
    borders.asked(1.0)

    assert borders.piece(1.1, 1.0) is BEGINS


def test_a_closed_answer_is_over_and_idle_without_one_says_nothing() -> None:
    borders = AnswerBorders()
    borders.piece(0.0, 1.0)
    borders.close()
    borders.status(0.1, IDLE)

    assert borders.due_s() is None
    assert not borders.over(99.0)
    assert borders.piece(0.2, 1.0) is BEGINS


@pytest.mark.parametrize("status", [None, AvatarStatus.SPEAKING])
def test_pieces_of_silence_do_not_put_off_the_end(status: AvatarStatus | None) -> None:
    borders = AnswerBorders()
    if status is not None:
        borders.status(0.0, status)
    borders.piece(1.0, 0.5)
    due = borders.due_s()

    for number in range(10):
        borders.piece(1.1 + number * 0.1, 0.1)
        borders.silent()

    assert borders.due_s() == due
    borders.piece(2.5, 0.1)
    assert borders.due_s() != due
