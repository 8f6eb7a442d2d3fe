"""From a press or word to the end of the answer the speaker is open: an earcon or answer may be due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.states import Cause, CloseReason, TalkState
from tests.unit.core.conversation.test_conversation import Talker, of
from tests.unit.core.conversation.test_playback_state import URL, aloud, in_chat, in_live_mode

OPEN, REST = act.KeepSpeakerAwake(True), act.KeepSpeakerAwake(False)


def kept(actions: list[Any]) -> list[act.KeepSpeakerAwake]:
    return of(act.KeepSpeakerAwake, actions)


def test_the_press_itself_opens_it_and_a_release_without_words_lets_it_rest() -> None:
    talker = in_chat()

    pressed = talker.happens(ev.ButtonPressed(talker.now))
    released = talker.happens(ev.PressIgnored(20.0), ev.ButtonReleased(talker.now))

    assert kept(pressed) == [OPEN]
    assert kept(released) == [REST]


def test_it_is_open_before_the_earcon_that_answers_the_press() -> None:
    talker = in_chat()

    talker.happens(ev.ButtonPressed(talker.now))
    talker.passes(0.15)
    talker.opens(Cause.BUTTON)

    told = [action for _, action in talker.log if isinstance(action, act.KeepSpeakerAwake | act.PlayEarcon)]
    assert [type(action) for action in told] == [act.KeepSpeakerAwake, act.PlayEarcon]


@pytest.mark.parametrize("cause", Cause)
def test_it_is_open_from_the_first_word_to_the_end_of_the_answer(cause: Cause) -> None:
    talker = in_chat()

    opened = kept(talker.opens(cause))
    talker.chunk()
    talker.passes(20)
    talker.closes(CloseReason.RELEASED)
    talker.passes(3)
    talker.happens(ev.Answered("Hello.", file_url=URL))
    talker.passes(2)
    talker.happens(ev.PlaybackStarted(talker.now))
    talker.passes(10)
    ended = kept(talker.happens(ev.PlaybackEnded(talker.now)))

    assert opened == [OPEN]
    assert ended == [REST]
    assert kept([action for _, action in talker.log]) == [OPEN, REST]


def test_a_text_opens_it_too() -> None:
    talker = in_live_mode()

    assert kept(talker.happens(ev.TextGiven("hello"))) == [OPEN]


def test_a_turn_that_nothing_answers_lets_it_rest_again() -> None:
    talker = in_chat()
    talker.says()

    assert kept(talker.passes(60)) == [REST]
    assert talker.talk() is TalkState.IDLE


def test_it_is_open_whenever_the_decoder_is_prepared() -> None:
    talker = in_chat()

    actions = talker.says()

    kinds = [type(action) for action in actions if isinstance(action, OPEN.__class__ | act.PrepareDecoder)]
    assert kinds == [act.KeepSpeakerAwake, act.PrepareDecoder]


@pytest.mark.parametrize(
    "happens",
    [
        lambda talker: talker.says(),
        lambda talker: talker.happens(ev.ButtonPressed(talker.now)),
    ],
)
def test_without_a_speaker_none_is_kept_awake(happens: Callable[[Talker], list[Any]]) -> None:
    assert kept(happens(Talker(aloud(speaks=False)))) == []
