from __future__ import annotations

import pytest

from ravatard.cloud.avatar.turns.parrot import ParrotGuard, ParrotVerdict


@pytest.mark.parametrize("length_s", [2.71, 3.0, 3.29])
def test_sound_as_long_as_the_utterance_without_a_word_is_a_parrot(length_s: float) -> None:
    guard = ParrotGuard(3.0)

    assert guard.sound(1.0) is ParrotVerdict.OPEN
    assert guard.sound(length_s - 1.0) is ParrotVerdict.OPEN
    assert guard.ended() is ParrotVerdict.PARROT
    assert guard.words() is ParrotVerdict.PARROT


def test_longer_sound_is_an_answer_as_soon_as_it_is_known() -> None:
    guard = ParrotGuard(3.0)

    assert guard.sound(3.31) is ParrotVerdict.ANSWER
    assert guard.ended() is ParrotVerdict.ANSWER


@pytest.mark.parametrize("length_s", [0.0, 2.6])
def test_shorter_sound_and_none_are_no_parrot(length_s: float) -> None:
    guard = ParrotGuard(3.0)
    guard.sound(length_s)

    assert guard.ended() is ParrotVerdict.ANSWER


def test_words_show_that_the_service_understands() -> None:
    guard = ParrotGuard(3.0)
    guard.sound(3.0)

    assert guard.words() is ParrotVerdict.ANSWER
    assert guard.ended() is ParrotVerdict.ANSWER


def test_a_short_utterance_is_not_judged() -> None:
    assert ParrotGuard(0.9).verdict is ParrotVerdict.ANSWER
