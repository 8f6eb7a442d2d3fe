"""The avatar that heard itself is found out by its words."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.conversation.self_hearing import SelfHearingFilter
from ravatard.core.events import Answered


def test_a_transcript_that_equals_the_answer_before_is_self_heard() -> None:
    guard = SelfHearingFilter()
    guard.judged(Answered("It is sunny, today!"))

    assert guard.judged(Answered("Thank you.", heard="it is sunny today")).self_heard


def test_the_answer_to_an_echo_is_not_what_is_compared_with_next() -> None:
    guard = SelfHearingFilter()
    guard.judged(Answered("It is sunny today."))
    guard.judged(Answered("Thank you so much.", heard="It is sunny today."))

    assert guard.judged(Answered("Well.", heard="It is sunny today")).self_heard
    assert not guard.judged(Answered("Oh.", heard="Thank you so much")).self_heard


def test_other_words_are_a_persons() -> None:
    guard = SelfHearingFilter()
    guard.judged(Answered("It is sunny today."))

    assert not guard.judged(Answered("No.", heard="Is it sunny today?")).self_heard


def test_a_few_words_may_be_a_persons_own() -> None:
    guard = SelfHearingFilter()
    guard.judged(Answered("Yes, please."))

    assert not guard.judged(Answered("Good.", heard="Yes please")).self_heard


def test_a_further_piece_of_sound_does_not_forget_the_words() -> None:
    guard = SelfHearingFilter()
    guard.judged(Answered("It is sunny today."))
    guard.judged(Answered("", file_url="https://a.example/b"))

    assert guard.judged(Answered("x", heard="it is sunny today")).self_heard


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text())))
def test_whatever_is_said_is_judged(pairs: list[tuple[str, str]]) -> None:
    guard = SelfHearingFilter()

    for text, heard in pairs:
        judged = guard.judged(Answered(text, heard))

        assert (judged.text, judged.heard) == (text, heard)
