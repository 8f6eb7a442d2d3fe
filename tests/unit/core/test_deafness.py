from __future__ import annotations

import pytest

from ravatard.core.deafness import DEAF_FIRST_S, DEAF_LONGEST_S, MOST_LOST, DeafKind, Deafness


def test_the_pauses_double_up_to_the_longest() -> None:
    deaf, pauses = Deafness().told("no ear", 0.0), []
    for _ in range(6):
        assert deaf.until is not None
        pauses.append(deaf.until)
        deaf = deaf.tried(0.0)

    assert pauses == [DEAF_FIRST_S, 40.0, 80.0, 160.0, DEAF_LONGEST_S, DEAF_LONGEST_S]


@pytest.mark.parametrize("tried", [0, 1, 9])
def test_a_press_and_better_news_take_the_pause_back(tried: int) -> None:
    deaf = Deafness().told("no ear", 0.0)
    for _ in range(tried):
        deaf = deaf.tried(0.0)

    assert deaf.holds(DEAF_FIRST_S - 1.0)
    assert not deaf.tried_at_once().holds(0.0)
    assert deaf.tried_at_once().reason == "no ear"
    assert deaf.told("", 1.0) == Deafness()


def test_another_reason_puts_nothing_off_and_one_that_hears_is_never_held_up() -> None:
    deaf = Deafness().told("no ear", 0.0)

    assert deaf.told("no mouth", 10.0).until == deaf.until
    assert Deafness().tried(5.0) == Deafness()


def lost(deaf: Deafness, *, spoken: bool = True, taken: bool = False) -> Deafness:
    return deaf.words_lost("it closed", spoken=spoken, taken=taken)


def test_one_lost_turn_is_a_moments_trouble_and_the_next_is_deafness() -> None:
    once = lost(Deafness())
    twice = lost(once)

    assert (once.reason, once.sentence) == ("", "")
    assert (twice.kind, twice.lost) == (DeafKind.LOST, MOST_LOST)
    assert twice.sentence == "deaf: the last 2 turns brought no answer: it closed"
    assert not twice.holds(0.0)
    assert twice.tried(0.0).holds(DEAF_FIRST_S - 1.0)


def test_no_voice_is_held_back_from_a_service_that_takes_it_and_says_nothing() -> None:
    deaf = lost(lost(Deafness(), taken=True), taken=True)

    assert deaf.reason
    assert not deaf.tried(0.0).holds(1.0)
    assert lost(deaf).tried(0.0).holds(1.0)


@pytest.mark.parametrize(
    ("kind", "started", "answered"),
    [
        (DeafKind.UNHEARD, True, True),
        (DeafKind.NO_SESSION, False, False),
        (DeafKind.CUT_OFF, True, False),
        (DeafKind.LOST, True, False),
    ],
)
def test_each_kind_ends_by_what_proves_it_wrong(kind: DeafKind, *, started: bool, answered: bool) -> None:
    deaf = Deafness("no", kind, person=True, lost=3, spoken=True)

    assert bool(deaf.session_started().reason) is started
    assert bool(deaf.answered(spoken=True).reason) is answered
    assert bool(deaf.perhaps_mended().reason) is (kind is not DeafKind.UNHEARD)
    assert deaf.session_started().lost == 3


def test_a_written_answer_says_nothing_of_lost_speech() -> None:
    assert lost(lost(Deafness())).answered(spoken=False).reason
    assert not lost(lost(Deafness(), spoken=False), spoken=False).answered(spoken=False).reason


def test_a_refusal_is_told_with_its_own_words_and_does_not_hide_that_turns_are_lost() -> None:
    refused = Deafness().refused("no key", DeafKind.NO_SESSION, person=True)
    after_losses = lost(lost(Deafness())).refused("no key", DeafKind.NO_SESSION, person=True)

    assert refused.sentence == "deaf: refused by the service: no key"
    assert lost(lost(refused)).sentence == refused.sentence
    assert after_losses.session_started().reason == "no key"
    assert Deafness().told("no ear", 0.0).sentence == "deaf: the service does not hear the microphone: no ear"
    assert refused.told("no ear", 5.0).kind is DeafKind.UNHEARD
