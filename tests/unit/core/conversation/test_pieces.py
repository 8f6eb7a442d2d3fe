"""An answer in pieces: one voice, from its first sound to its last, whatever comes late."""

from __future__ import annotations

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.playback_state import PIECE_GAP_S, PIECES_SOUND_S
from ravatard.core.conversation.sound_budget import UNASKED_S
from ravatard.core.options.audio import AudioOptions
from ravatard.core.states import MicrophoneStatus, SessionState, TalkState, TurnOutcome
from tests.unit.core.conversation.test_conversation import PLAYBACK_TAIL_S, Talker, of, outcomes
from tests.unit.core.conversation.test_marks import told
from tests.unit.core.conversation.test_playback_state import sounds


def asked() -> Talker:
    talker = told()
    talker.says()
    return talker


def ends(talker: Talker) -> list[object]:
    return talker.happens(ev.PlaybackEnded(talker.now))


def test_the_avatar_thinks_until_it_is_heard_and_then_speaks_until_it_is_not() -> None:
    talker = asked()
    talker.answers()
    awaited = talker.talk()
    talker.happens(ev.AnswerBegun())
    begun = talker.talk()
    sounds(talker)
    heard = talker.talk()
    talker.happens(ev.AnswerComplete())
    complete = talker.talk()
    ends(talker)

    assert (awaited, begun, heard, complete) == (
        TalkState.THINKING,
        TalkState.THINKING,
        TalkState.SPEAKING,
        TalkState.SPEAKING,
    )
    assert talker.talk() is TalkState.IDLE
    assert outcomes(talker) == [TurnOutcome.ANSWERED]


def test_the_first_sound_answers_the_turn_whenever_the_text_comes() -> None:
    talker = asked()
    talker.happens(ev.AnswerBegun())
    sounds(talker)
    # Longer than an answer may take, with its text at the end.
    talker.passes(60.0)
    talker.answers("All of it.")
    talker.happens(ev.AnswerComplete())
    ends(talker)

    assert outcomes(talker) == [TurnOutcome.ANSWERED]
    assert talker.talk() is TalkState.IDLE


def test_a_text_after_its_sound_is_not_waited_for_to_sound() -> None:
    talker = asked()
    talker.happens(ev.AnswerBegun())
    sounds(talker)
    talker.happens(ev.AnswerComplete())
    ends(talker)

    talker.answers()

    assert talker.talk() is TalkState.IDLE


def test_a_text_whose_sound_never_comes_is_awaited_for_a_while() -> None:
    talker = asked()
    talker.answers()
    talker.passes(PIECES_SOUND_S - 0.1)
    before = talker.talk()
    talker.passes(0.2)

    assert (before, talker.talk()) == (TalkState.THINKING, TalkState.IDLE)


def test_the_microphone_is_held_over_a_piece_that_is_late() -> None:
    talker = asked()
    talker.happens(ev.AnswerBegun())
    sounds(talker)
    ends(talker)

    waited = talker.passes(PIECE_GAP_S - 0.1)
    sounds(talker)
    went_on = talker.passes(20.0)

    assert of(act.Hold, waited + went_on) == []
    assert talker.talk() is TalkState.SPEAKING
    assert talker.microphone() is MicrophoneStatus.HELD


def test_a_piece_that_never_comes_frees_the_microphone() -> None:
    talker = asked()
    talker.happens(ev.AnswerBegun())
    sounds(talker)
    ends(talker)

    freed = talker.passes(PIECE_GAP_S + 0.1)

    assert of(act.Hold, freed) == [act.Hold(False)]
    assert talker.talk() is TalkState.IDLE


def test_the_tail_counts_from_the_last_sound_when_the_end_is_told_late() -> None:
    talker = asked()
    talker.happens(ev.AnswerBegun())
    sounds(talker)
    ends(talker)
    talker.passes(1.0 + PLAYBACK_TAIL_S)

    freed = talker.happens(ev.AnswerComplete()) + talker.passes(0.001)

    assert of(act.Hold, freed) == [act.Hold(False)]


def test_an_answer_that_is_complete_ends_with_its_sound() -> None:
    talker = asked()
    talker.happens(ev.AnswerBegun())
    sounds(talker)
    talker.happens(ev.AnswerComplete())
    ends(talker)

    assert of(act.Hold, talker.passes(PLAYBACK_TAIL_S)) == [act.Hold(False)]


def test_a_further_answer_goes_straight_on() -> None:
    talker = asked()
    talker.happens(ev.AnswerBegun())
    sounds(talker)
    talker.happens(ev.AnswerComplete(), ev.AnswerBegun())
    ends(talker)

    assert talker.talk() is TalkState.SPEAKING
    assert talker.microphone() is MicrophoneStatus.HELD


def test_a_stopped_answer_is_over_however_many_pieces_follow() -> None:
    talker = asked()
    talker.happens(ev.AnswerBegun())
    sounds(talker)
    talker.happens(ev.ButtonPressed(talker.now), ev.ButtonReleased(talker.now))
    ends(talker)

    assert talker.talk() is TalkState.IDLE
    assert talker.hub.state.playback.gap_at is None


def test_an_answer_that_has_not_sounded_yet_is_stopped_too() -> None:
    talker = asked()
    talker.happens(ev.AnswerBegun())

    assert of(act.Interrupt, talker.happens(ev.ButtonPressed(talker.now))) == [act.Interrupt()]


def test_an_older_answer_is_not_played_over_a_turn_that_has_just_begun() -> None:
    talker = asked()
    talker.opens()

    actions = talker.happens(ev.AnswerBegun())

    assert of(act.StopPlayback, actions) == [act.StopPlayback()]
    assert talker.talk() is TalkState.LISTENING


def test_a_service_that_finds_the_end_first_is_heard() -> None:
    talker = told()
    talker.opens()
    talker.happens(ev.SessionStarted())
    talker.chunk()

    talker.happens(ev.AnswerBegun())
    sounds(talker)
    listening = talker.talk()
    closed = talker.closes()

    assert listening is TalkState.LISTENING
    assert of(act.EndUtterance, closed) == [act.EndUtterance(1)]
    assert outcomes(talker) == [TurnOutcome.ANSWERED]
    assert talker.talk() is TalkState.SPEAKING
    assert talker.microphone() is MicrophoneStatus.HELD


def test_a_speaker_that_is_pulled_out_in_a_gap_frees_the_microphone() -> None:
    talker = asked()
    talker.happens(ev.AnswerBegun())
    sounds(talker)
    ends(talker)
    talker.happens(ev.SpeakerLost("it was pulled out"))

    assert of(act.Hold, talker.passes(PLAYBACK_TAIL_S)) == [act.Hold(False)]


def test_a_service_that_speaks_unasked_is_heard_within_its_budget_and_stopped_beyond() -> None:
    talker = told()
    greeted = talker.happens(ev.AnswerBegun())
    sounds(talker)
    spoke = talker.passes(UNASKED_S + 0.1)

    again = talker.happens(ev.AnswerBegun())

    assert of(act.StopPlayback, greeted) == []
    assert len(of(act.StopPlayback, spoke)) == 1
    assert of(act.StopPlayback, again) == [act.StopPlayback()]
    assert talker.talk() is TalkState.IDLE


def test_unasked_answers_keep_no_session_open() -> None:
    talker = asked()
    talker.answers()
    talker.passes(200.0)
    over = talker.hub.session
    talker.happens(ev.SessionStarted())
    for _ in range(30):
        talker.happens(ev.AnswerBegun(), ev.AnswerComplete())
        talker.passes(5.0)

    assert over is talker.hub.session is SessionState.NONE


def test_the_longest_answer_counts_its_gaps() -> None:
    talker = told(AudioOptions(longest_answer_s=30.0))
    talker.says()
    talker.happens(ev.AnswerBegun())
    stopped: list[object] = []
    for _ in range(8):
        sounds(talker)
        stopped += talker.passes(2.0)
        ends(talker)
        stopped += talker.passes(2.0)

    assert len(of(act.StopPlayback, stopped)) == 1


@pytest.mark.parametrize("begun", [0, 1, 2])
def test_the_end_of_an_answer_that_is_not_heard_changes_nothing(begun: int) -> None:
    talker = asked()
    talker.happens(*[ev.AnswerBegun()] * begun)
    talk = talker.talk()

    talker.happens(ev.AnswerComplete())

    assert talker.talk() is talk
