"""A voice that talks over the avatar: what is silenced, what goes on, and when the microphone is held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation import cues
from ravatard.core.conversation.self_hearing import (
    AT_ONCE_S,
    FEWEST_SPEECH_MS,
    LATELY_S,
    MOST_AT_ONCE,
    MOST_FALSE,
    MOST_FALSE_LATELY,
    UNDERSTOOD_S,
    BargeIn,
)
from ravatard.core.options.audio import AudioOptions
from ravatard.core.states import Cause, CloseReason, MicrophoneStatus, TalkState, TurnOutcome, VoiceSource
from tests.unit.core.conversation.test_conversation import CAPABILITIES, Talker, of, outcomes
from tests.unit.core.conversation.test_playback_state import URL, in_chat, in_live_mode, sounds

CANCEL = AudioOptions(echo="cancel", barge_in="voice")
EXTERNAL = AudioOptions(echo="external", barge_in="voice")
#: Of an echo, not of a word.
SHORT_MS = FEWEST_SPEECH_MS - 20


def answering(audio: AudioOptions = CANCEL, *, works: bool = True) -> Talker:
    """A conversation whose answer, a file, is heard."""
    talker = in_chat(audio)
    talker.happens(ev.EchoRemoved(works, "" if works else "no library"))
    talker.says()
    talker.happens(ev.MessageSent(1, talker.now, talker.now), ev.Answered("hello", file_url=URL))
    sounds(talker)
    return talker


def goes_on(talker: Talker) -> None:
    """The speaker plays what the conversation let go on."""
    talker.happens(ev.PlaybackEnded(talker.now))
    sounds(talker)


@pytest.mark.parametrize("audio", [CANCEL, EXTERNAL])
def test_the_microphone_is_not_held_while_its_process_can_tell_a_user_from_the_avatar(
    audio: AudioOptions,
) -> None:
    talker = answering(audio)

    assert talker.talk() is TalkState.SPEAKING
    assert talker.microphone() is MicrophoneStatus.OPEN


@pytest.mark.parametrize("audio", [CANCEL, EXTERNAL])
def test_it_is_held_where_the_process_cannot(audio: AudioOptions) -> None:
    assert answering(audio, works=False).microphone() is MicrophoneStatus.HELD


def test_it_is_held_where_only_a_press_may_interrupt() -> None:
    assert answering(AudioOptions(echo="cancel")).microphone() is MicrophoneStatus.HELD


def test_it_is_held_before_the_process_has_said_anything() -> None:
    talker = in_chat(CANCEL)
    sounds(talker)

    assert talker.microphone() is MicrophoneStatus.HELD


def test_it_is_held_from_the_moment_that_the_process_dies() -> None:
    talker = answering()

    actions = talker.happens(ev.MicrophoneLost("it ended by itself"))

    assert of(act.Hold, actions) == [act.Hold(held=True)]


def test_it_is_held_from_the_moment_that_the_process_gives_up() -> None:
    talker = answering()

    actions = talker.happens(ev.EchoRemoved(False, "it crashed 2 times"))

    assert of(act.Hold, actions) == [act.Hold(held=True)]
    assert "it crashed 2 times" in of(act.LogLine, actions)[0].text


def test_a_voice_silences_the_avatar_and_keeps_the_rest_of_the_answer_for_a_while() -> None:
    talker = answering()

    opened = talker.opens()
    talker.chunk()
    talker.passes(1.0)
    closed = talker.closes()
    later = talker.passes(UNDERSTOOD_S)

    assert of(act.PausePlayback, opened) == [act.PausePlayback()]
    assert of(act.ResumePlayback, opened + closed + later) == []
    assert of(act.StopPlayback, closed) == []
    assert of(act.StopPlayback, later) == [act.StopPlayback()]


def test_the_answer_goes_on_once_when_it_was_no_voice() -> None:
    talker = answering()

    talker.opens()
    talker.chunk()
    closed = talker.closes(speech_ms=SHORT_MS)
    goes_on(talker)
    again = talker.opens()

    assert of(act.ResumePlayback, closed) == [act.ResumePlayback()]
    assert of(act.SendUtterance, closed) == []
    assert outcomes(talker)[-1] is TurnOutcome.CANCELLED
    assert of(act.StopPlayback, again) == [act.StopPlayback()]


def test_the_answer_goes_on_when_the_service_understood_no_words() -> None:
    talker = answering()
    talker.opens()
    talker.chunk()
    talker.closes()
    talker.happens(ev.MessageSent(2, talker.now, talker.now))

    understood = talker.happens(ev.NothingSaid())

    assert of(act.ResumePlayback, understood) == [act.ResumePlayback()]


def test_nothing_goes_on_when_nothing_said_is_about_another_turn() -> None:
    talker = answering()
    talker.opens()
    talker.chunk()

    assert of(act.ResumePlayback, talker.happens(ev.NothingSaid())) == []


def test_an_utterance_that_was_cut_off_is_no_false_alarm() -> None:
    talker = answering()
    talker.opens()

    closed = talker.closes(CloseReason.LOST, speech_ms=0.0)

    assert of(act.ResumePlayback, closed) == []
    assert of(act.StopPlayback, talker.passes(UNDERSTOOD_S)) == [act.StopPlayback()]


def test_another_answer_is_played_without_the_rest_of_the_one_before() -> None:
    talker = answering()
    talker.opens()
    talker.chunk()
    talker.closes()
    talker.happens(ev.MessageSent(2, talker.now, talker.now))

    actions = talker.happens(ev.Answered("yes", file_url=URL))

    played = [action for action in actions if isinstance(action, act.StopPlayback | act.PlayAnswer)]
    assert played == [act.StopPlayback(), act.PlayAnswer(2, URL)]


def pressed(talker: Talker) -> list[Any]:
    return talker.happens(ev.ButtonPressed(talker.now))


def muted(talker: Talker) -> list[Any]:
    return talker.happens(ev.MuteAsked(True))


@pytest.mark.parametrize("done", [pressed, muted])
def test_a_user_who_presses_or_mutes_wants_no_rest_of_it(done: Any) -> None:
    talker = answering()
    talker.opens()

    assert of(act.StopPlayback, done(talker)) == [act.StopPlayback()]


def test_a_live_voice_is_interrupted_all_the_same() -> None:
    talker = in_live_mode(CANCEL)
    talker.happens(ev.EchoRemoved(True))
    sounds(talker)

    assert of(act.PausePlayback, talker.opens()) == [act.PausePlayback()]


def test_a_service_that_takes_orders_is_told_to_stop_and_its_answer_is_over() -> None:
    talker = in_chat(CANCEL)
    pieces = replace(CAPABILITIES, voice=VoiceSource.PIECES, marks_utterances=True, interrupts=True)
    talker.happens(ev.LinkOnline(pieces), ev.EchoRemoved(True), ev.SessionStarted())
    sounds(talker)

    actions = talker.opens()

    stopped = [action for action in actions if isinstance(action, act.StopPlayback | act.Interrupt)]
    assert stopped == [act.StopPlayback(), act.Interrupt()]
    assert of(act.ResumePlayback, talker.closes(speech_ms=SHORT_MS)) == []


def test_an_avatar_that_is_interrupted_by_itself_twice_is_not_listened_over_any_more() -> None:
    talker = answering()
    talker.opens()
    talker.closes(speech_ms=SHORT_MS)
    goes_on(talker)
    talker.opens()

    closed = talker.closes(speech_ms=SHORT_MS)
    talker.happens(ev.PlaybackEnded(talker.now))
    sounds(talker)

    assert any("cannot be talked over" in line.text for line in of(act.LogLine, closed))
    assert talker.hub.state.microphone.talk_over_trouble
    assert talker.microphone() is MicrophoneStatus.HELD


def test_an_avatar_that_answers_itself_once_does_not_do_so_again() -> None:
    talker = answering()
    talker.opens()
    talker.chunk()
    first = talker.happens(ev.UtteranceClosed(2, CloseReason.SILENCE, 0, 900.0, proven=False))
    talker.happens(ev.MessageSent(2, talker.now, talker.now), ev.Answered("what?", file_url=URL))
    goes_on(talker)
    talker.opens()
    talker.chunk()

    second = talker.happens(ev.UtteranceClosed(3, CloseReason.SILENCE, 0, 900.0, proven=False))

    assert len(of(act.SendUtterance, first)) == 1
    assert of(act.SendUtterance, second) == []
    assert any("cannot be talked over" in line.text for line in of(act.LogLine, second))
    assert not talker.hub.state.microphone.trusted


def test_an_interruption_that_the_microphones_loss_cut_short_is_held_against_nobody() -> None:
    talker = answering()
    talker.opens()
    talker.happens(ev.UtteranceClosed(2, CloseReason.LOST, 0, 900.0, proven=False))

    assert talker.hub.state.barge_in.false_alarms == 0


def test_a_user_in_between_shows_that_it_works() -> None:
    talker = answering()
    for speech_ms in (SHORT_MS, 900.0, SHORT_MS):
        talker.opens()
        talker.closes(speech_ms=speech_ms)
        goes_on(talker)

    assert talker.microphone() is MicrophoneStatus.OPEN


def test_an_answer_to_the_avatars_own_words_is_enough() -> None:
    talker = answering()

    talker.happens(ev.Answered("hello", self_heard=True))
    sounds(talker)

    assert talker.microphone() is MicrophoneStatus.HELD


def test_a_microphone_that_is_opened_anew_is_trusted_anew() -> None:
    talker = answering()
    talker.happens(ev.Answered("hello", self_heard=True))

    talker.happens(ev.MicrophoneReady("usb"), ev.EchoRemoved(True))

    assert talker.hub.state.microphone.talk_over_trouble == ""
    assert talker.hub.state.microphone.trusted


def test_a_microphone_that_is_distrusted_already_is_so_only_once() -> None:
    talker = answering(works=False)

    actions = talker.happens(ev.Answered("hello", self_heard=True))

    assert not any("own voice" in line.text for line in of(act.LogLine, actions))


def test_a_voice_while_nothing_sounds_interrupts_nothing() -> None:
    talker = in_chat(CANCEL)
    talker.opens()

    assert talker.hub.state.barge_in == BargeIn()


def test_a_press_interrupts_for_good() -> None:
    talker = answering()

    assert of(act.StopPlayback, talker.opens(Cause.BUTTON)) == [act.StopPlayback()]
    assert talker.hub.state.barge_in == BargeIn()


# ---------------------------------------------------------------- interruptions in a row


def closed(
    utterance: int,
    speech_ms: float = 900.0,
    reason: CloseReason = CloseReason.SILENCE,
    *,
    proven: bool = True,
) -> ev.UtteranceClosed:
    return ev.UtteranceClosed(utterance, reason, 0, speech_ms, proven=proven)


def doubted(at: float = 0.0, barge_in: BargeIn | None = None) -> BargeIn:
    """A machine after one more interruption that was not proven."""
    state, _ = (barge_in or BargeIn()).began(1, paused=False)
    state, _ = state.closed(closed(1, proven=False), at)
    return state


def misheard(state: BargeIn, at: float = 0.0) -> bool:
    """True if one more interruption, not proven, is too many."""
    state, _ = state.began(1, paused=False)
    return cues.EchoMisheard() in state.closed(closed(1, proven=False), at)[1]


@pytest.mark.parametrize(
    ("request_", "ends_the_row"),
    [
        (closed(7, FEWEST_SPEECH_MS), True),
        (closed(7, FEWEST_SPEECH_MS - 0.1), False),
        (closed(7, reason=CloseReason.RELEASED), False),
        (closed(7, reason=CloseReason.LONGEST), False),
        (closed(7, reason=CloseReason.HELD), False),
        (closed(7, reason=CloseReason.LOST), False),
    ],
)
def test_a_request_that_interrupts_nothing_ends_the_row_if_it_is_surely_one(
    request_: ev.UtteranceClosed, ends_the_row: bool
) -> None:
    state, effects = doubted().closed(request_, 1.0)

    assert effects == ()
    assert misheard(state, 2.0) is not ends_the_row


def test_two_visitors_with_a_request_between_them_are_not_taken_for_an_echo() -> None:
    talker = answering()
    for _ in range(2):
        talker.opens()
        talker.happens(closed(talker._utterances, proven=False))
        talker.happens(ev.PlaybackEnded(talker.now))
        talker.says()
        talker.happens(ev.Answered("hello", file_url=URL))
        sounds(talker)

    assert talker.hub.state.microphone.trusted
    assert talker.microphone() is MicrophoneStatus.OPEN


@pytest.mark.parametrize(("last_at", "too_many"), [(LATELY_S, True), (LATELY_S + 0.001, False)])
def test_four_within_ten_minutes_are_too_many_whatever_is_said_between_them(
    last_at: float, too_many: bool
) -> None:
    state = BargeIn()
    for at in range(MOST_FALSE_LATELY - 1):
        state = doubted(float(at), state)
        state, _ = state.closed(closed(7), at + 0.5)

    assert misheard(state, last_at) is too_many


def test_three_within_ten_minutes_are_not() -> None:
    state = BargeIn()
    for at in range(MOST_FALSE_LATELY - 2):
        state, _ = doubted(float(at), state).closed(closed(7), at + 0.5)

    assert not misheard(state, 5.0)


def test_a_proven_interruption_ends_the_row_but_not_those_of_ten_minutes() -> None:
    state = BargeIn()
    for at in range(MOST_FALSE_LATELY - 1):
        state, _ = doubted(float(at), state).began(1, paused=False)
        state, effects = state.closed(closed(1), at + 0.5)
        assert effects == [cues.InterruptionProven()]

    assert misheard(state, 5.0)


def proven(state: BargeIn, at: float) -> tuple[BargeIn, bool]:
    """One more interruption that a user proved, it seems; and whether that is too many."""
    state, _ = state.began(1, paused=False)
    state, effects = state.closed(closed(1), at)
    return state, cues.EchoMisheard() in effects


@pytest.mark.parametrize(("last_at", "too_many"), [(AT_ONCE_S, True), (AT_ONCE_S + 0.001, False)])
def test_an_echo_so_late_that_it_seems_to_prove_itself_is_answered_for_a_minute_at_most(
    last_at: float, too_many: bool
) -> None:
    state = BargeIn()
    for at in range(MOST_AT_ONCE - 1):
        state, misheard_ = proven(state, float(at))
        assert not misheard_

    after, misheard_ = proven(state, last_at)

    assert misheard_ is too_many
    assert after.ended_at == (() if too_many else (*state.ended_at[1:], last_at))


def test_an_interruption_that_is_one_too_many_at_once_is_not_answered() -> None:
    state = BargeIn()
    for at in range(MOST_AT_ONCE - 1):
        state, _ = proven(state, float(at))
    state, _ = state.began(1, paused=True)

    _, effects = state.closed(closed(1), 8.0)

    assert effects == [cues.InterruptionFalse(), act.StopPlayback(), cues.EchoMisheard()]


def test_after_too_many_it_is_counted_anew() -> None:
    state = doubted(1.0, doubted(0.0))

    assert (state.false_alarms, state.false_at) == (0, ())
    assert not misheard(state, 2.0)


def test_what_was_none_counts_as_what_is_not_proven_does() -> None:
    for speech_ms in (FEWEST_SPEECH_MS - 0.1, FEWEST_SPEECH_MS):
        state, _ = doubted().began(1, paused=True)
        state, effects = state.closed(closed(1, speech_ms, proven=False), 1.0)
        assert effects[-1] == cues.EchoMisheard()
        assert (state.false_alarms, state.false_at) == (0, ())


def test_a_short_word_that_the_service_did_not_understand_is_one_interruption_and_not_two() -> None:
    state, _ = BargeIn().began(1, paused=True)
    state, _ = state.closed(closed(1, proven=False), 1.0)

    state, effects = state.nothing_said(2.0)

    assert effects == [cues.InterruptionFalse(), act.ResumePlayback()]
    assert (state.false_alarms, state.false_at) == (1, (1.0,))


def test_a_longer_one_that_it_did_not_understand_counts_from_then_on() -> None:
    state, _ = doubted().began(2, paused=True)
    state, _ = state.closed(closed(2), 1.0)
    state, effects = state.nothing_said(2.0)

    assert effects == [cues.InterruptionFalse(), act.ResumePlayback()]
    assert (state.false_alarms, state.false_at) == (1, (0.0, 2.0))


def test_one_that_a_quick_service_answers_before_it_is_over_is_judged_all_the_same() -> None:
    state, _ = doubted().began(2, paused=True)
    state, stopped = state.outdated()

    state, effects = state.closed(closed(2, proven=False), 1.0)

    assert stopped == [act.StopPlayback()]
    assert effects == [cues.InterruptionFalse(), cues.EchoMisheard()]


def test_one_in_which_the_user_presses_or_mutes_is_not_judged_and_ends_no_row() -> None:
    for proven in (True, False):
        state, _ = doubted().began(2, paused=True)
        state, _ = state.dismissed()

        state, effects = state.closed(closed(2, proven=proven), 1.0)

        assert effects == ()
        assert (state.utterance, state.excused, state.false_alarms) == (None, False, 1)
    assert misheard(state, 2.0)


def test_the_next_one_after_a_press_is_judged() -> None:
    state, _ = doubted().began(2, paused=False)
    state, _ = state.dismissed()
    state, _ = state.closed(closed(7, proven=False), 0.5)

    assert state.false_alarms == 0, "another one that is not proven is judged, though one was excused"
    state, _ = doubted().began(2, paused=False)
    state, _ = state.dismissed()
    assert misheard(state, 1.0)


def test_a_press_while_nothing_interrupts_excuses_nothing() -> None:
    assert BargeIn().dismissed() == (BargeIn(), ())


def test_one_that_began_in_the_last_echo_of_an_answer_counts_and_is_no_request() -> None:
    talker = answering()
    for number in (2, 3):
        talker.happens(ev.PlaybackEnded(talker.now))
        talker.opens()
        talker.chunk()
        actions = talker.happens(closed(number, proven=False))
        if number == 2:
            talker.happens(ev.MessageSent(2, talker.now, talker.now), ev.Answered("what?", file_url=URL))
            sounds(talker)

    assert of(act.SendUtterance, actions) == []
    assert not talker.hub.state.microphone.trusted


@pytest.mark.parametrize("proven", [True, False])
def test_one_that_was_cut_off_neither_counts_nor_ends_a_row(proven: bool) -> None:
    state, _ = doubted().began(2, paused=True)

    state, effects = state.closed(closed(2, 0.0, CloseReason.LOST, proven=proven), 1.0)

    assert effects == ()
    assert (state.false_alarms, state.discard_at) == (1, 1.0 + UNDERSTOOD_S)


def test_little_speech_that_was_not_ended_by_silence_is_not_taken_for_none() -> None:
    state, _ = BargeIn().began(2, paused=True)

    state, effects = state.closed(closed(2, SHORT_MS, CloseReason.HELD, proven=False), 1.0)

    assert effects == ()
    assert (state.false_alarms, state.discard_at) == (1, 1.0 + UNDERSTOOD_S)


def test_the_row_and_its_time_are_as_long_as_the_guide_says() -> None:
    assert (MOST_FALSE, MOST_FALSE_LATELY, LATELY_S) == (2, 4, 600.0)
    assert (MOST_AT_ONCE, AT_ONCE_S) == (8, 60.0)


def test_one_too_many_wants_no_rest_of_the_answer_it_interrupted() -> None:
    state, _ = doubted().began(2, paused=True)

    state, effects = state.closed(closed(2, proven=False), 1.0)

    assert effects == [cues.InterruptionFalse(), act.StopPlayback(), cues.EchoMisheard()]
    assert not state.paused


def test_the_answer_after_one_that_went_on_may_go_on_once_too() -> None:
    state, _ = BargeIn().began(2, paused=True)
    state, _ = state.closed(closed(2, SHORT_MS, proven=False), 1.0)
    assert not state.may_pause

    state, _ = state.outdated()

    assert state.may_pause


@pytest.mark.parametrize("done", [pressed, muted])
def test_a_press_or_muting_excuses_what_a_conversation_hears_then(done: Any) -> None:
    talker = answering()
    talker.opens()
    done(talker)

    talker.happens(closed(2, reason=CloseReason.HELD, proven=False))

    assert talker.hub.state.barge_in.false_alarms == 0


@pytest.mark.parametrize("answer", [ev.Answered("and", file_url=URL), ev.AnswerBegun()])
def test_an_answer_excuses_nothing(answer: ev.Event) -> None:
    talker = answering()
    talker.opens()
    talker.happens(answer)

    talker.happens(closed(2, proven=False))

    assert talker.hub.state.barge_in.false_alarms == 1


@pytest.mark.parametrize(("times", "is_held"), [(MOST_AT_ONCE - 1, False), (MOST_AT_ONCE, True)])
def test_where_nothing_is_done_against_the_echo_a_loop_has_an_end_too(times: int, is_held: bool) -> None:
    talker = answering(AudioOptions(echo="off", barge_in="voice"), works=False)
    talker.happens(ev.EchoRemoved(True))
    for _ in range(times):
        talker.opens()
        talker.chunk()
        talker.passes(1.0)
        talker.closes()
        talker.happens(ev.PlaybackEnded(talker.now), ev.Answered("hello", file_url=URL))
        sounds(talker)

    held = MicrophoneStatus.HELD if is_held else MicrophoneStatus.OPEN
    assert talker.microphone() is held
    assert ("its own voice" in talker.hub.state.microphone.talk_over_trouble) is is_held

    # It is tried again.
    talker.passes(601.0)
    sounds(talker)
    assert talker.microphone() is MicrophoneStatus.OPEN
