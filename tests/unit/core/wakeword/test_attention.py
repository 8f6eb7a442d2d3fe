"""Attention in a conversation: the word, its earcon, what follows an answer, and the word in an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.transitions import ATTENTION, AttentionCue
from ravatard.core.indication import Look
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.options.equipment import Equipment
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import (
    AttentionState,
    Cause,
    CloseReason,
    Earcon,
    GateMode,
    MicrophoneStatus,
    Refusal,
    TalkState,
    VoiceSource,
)
from ravatard.core.wakeword.attention import EARCON_AFTER_S, GRACE_S, MOST_FOLLOW_UPS, Attention
from ravatard.core.wakeword.options import WakeWordOptions
from tests.unit.core.conversation.test_conversation import CAPABILITIES, OPTIONS, Talker, of

WORD = replace(
    OPTIONS,
    gate=GateOptions(mode="wakeword-or-button"),
    equipment=Equipment(speaks=True),
    wakeword=WakeWordOptions(follow_up_s=8.0),
)
LIVE = replace(CAPABILITIES, voice=VoiceSource.STREAM)
WOKEN = ev.Woken(0.9)


def talker(options: ConversationOptions = WORD, *, online: bool = True) -> Talker:
    it = Talker(options, online=online)
    if online:
        it.happens(ev.LinkOnline(LIVE), ev.VoiceOnline())
    return it


def attention(it: Talker) -> AttentionState:
    return it.hub.state.attention.state


def look(it: Talker) -> Look:
    return it.hub.indication.look


def asks(it: Talker, cause: Cause = Cause.WAKEWORD) -> None:
    """The user says the word and a question, all of which reaches the service."""
    it.happens(WOKEN)
    it.opens(cause)
    it.chunk()
    it.closes()


def answers(it: Talker, seconds: float = 3.0) -> list[Any]:
    it.happens(ev.Answered("it is sunny"), ev.PlaybackStarted(it.now))
    it.passes(seconds)
    return it.happens(ev.PlaybackEnded(it.now))


def test_every_state_has_every_cue() -> None:
    assert set(ATTENTION) == {(state, cue) for state in AttentionState for cue in AttentionCue}


def test_a_look_of_its_own_until_the_word_and_listening_after_it() -> None:
    it = talker()
    assert look(it) is Look.WAITING

    it.happens(WOKEN)

    assert look(it) is Look.LISTENING


def test_without_a_wake_word_it_looks_as_ever() -> None:
    assert look(talker(replace(WORD, gate=GateOptions(mode="both")))) is Look.READY


def test_the_word_starts_no_paid_session_and_what_follows_does() -> None:
    it = talker()

    assert of(act.StartSession, it.happens(WOKEN) + it.passes(1.0)) == []
    assert of(act.StartSession, it.opens(Cause.WAKEWORD)) == [act.StartSession(1)]


def test_the_speaker_is_awake_for_the_earcon() -> None:
    assert of(act.KeepSpeakerAwake, talker().happens(WOKEN)) == [act.KeepSpeakerAwake(True)]


def test_a_user_who_waits_gets_an_earcon_that_the_gate_overlooks() -> None:
    it = talker()
    it.happens(WOKEN)

    assert of(act.PlayEarcon, it.passes(EARCON_AFTER_S - 0.01)) == []
    then = it.passes(0.02)
    assert of(act.PlayEarcon, then) == [act.PlayEarcon(Earcon.LISTENING)]
    assert of(act.Overlook, then) == [act.Overlook(450)]
    assert of(act.PlayEarcon, it.passes(4.0)) == []


def test_a_user_who_goes_on_gets_none() -> None:
    it = talker()
    it.happens(WOKEN)
    it.opens(Cause.WAKEWORD)

    assert of(act.PlayEarcon, it.passes(2.0)) == []


def test_offline_the_earcon_says_so() -> None:
    it = talker(online=False)
    it.happens(ev.LinkConnecting(), ev.LinkOffline("no network.", 30.0), WOKEN)

    assert of(act.PlayEarcon, it.passes(1.0)) == [act.PlayEarcon(Earcon.OFFLINE)]


def test_without_earcons_nothing_is_overlooked() -> None:
    it = talker(replace(WORD, equipment=Equipment(speaks=True, earcons=False)))
    it.happens(WOKEN)

    said = it.passes(1.0)

    assert of(act.PlayEarcon, said) == of(act.Overlook, said) == []


def test_words_that_may_not_be_sent_are_refused_with_an_earcon() -> None:
    it = talker()
    it.happens(ev.LinkDenied("no", Refusal.DENIED), WOKEN)

    assert of(act.PlayEarcon, it.opens(Cause.WAKEWORD)) == [act.PlayEarcon(Earcon.ERROR)]


def test_nothing_said_after_the_word_and_it_is_awaited_again() -> None:
    it = talker()
    it.happens(WOKEN)
    it.passes(5.0)

    it.happens(ev.WakeUnused())

    assert look(it) is Look.WAITING
    assert it.hub.deadline is None or it.hub.state.attention.deadline is None


def test_a_gate_that_never_says_so_is_told_to_wait_again() -> None:
    it = talker()
    it.happens(WOKEN)

    said = it.passes(WORD.gate.no_speech_s + GRACE_S + 0.1)

    assert of(act.FollowUp, said) == [act.FollowUp(allowed=False)]
    assert look(it) is Look.WAITING


def test_after_an_answer_the_user_may_go_on_without_the_word() -> None:
    it = talker()
    asks(it)
    assert of(act.FollowUp, answers(it)) == []

    # Not before the microphone listens: a room echoes.
    said = it.passes(0.3)
    assert [type(one) for one in said if isinstance(one, act.Hold | act.FollowUp)] == [act.Hold, act.FollowUp]
    assert of(act.FollowUp, said) == [act.FollowUp(allowed=True)]
    assert (attention(it), look(it)) == (AttentionState.FOLLOW_UP, Look.READY)

    assert of(act.FollowUp, it.passes(7.9)) == []
    assert of(act.FollowUp, it.passes(0.2)) == [act.FollowUp(allowed=False)]
    assert look(it) is Look.WAITING


def test_a_follow_up_is_a_turn_and_its_answer_allows_another() -> None:
    it = talker()
    asks(it)
    answers(it)
    it.passes(1.0)
    it.opens()
    it.chunk()
    it.closes()
    assert attention(it) is AttentionState.WAITING

    answers(it)

    assert of(act.FollowUp, it.passes(0.3)) == [act.FollowUp(allowed=True)]


def follows_up(it: Talker) -> bool:
    """The avatar answers, and the user goes on without the word; return whether that was allowed."""
    said = [*answers(it), *it.passes(1.0)]
    if act.FollowUp(allowed=True) not in said:
        return False
    it.opens()
    it.chunk()
    it.closes()
    return True


def test_a_television_may_follow_up_ten_answers_and_no_more_until_the_word() -> None:
    it = talker()
    asks(it)

    allowed = [follows_up(it) for _ in range(MOST_FOLLOW_UPS)]

    assert allowed == [True] * 10
    assert not follows_up(it)
    assert (attention(it), look(it)) == (AttentionState.WAITING, Look.WAITING)

    asks(it)
    assert [follows_up(it) for _ in range(MOST_FOLLOW_UPS + 1)] == [True] * 10 + [False]


def test_the_last_follow_up_is_told_in_the_log_once() -> None:
    it = talker()
    asks(it)
    for _ in range(MOST_FOLLOW_UPS - 1):
        follows_up(it)

    said = [*answers(it), *it.passes(1.0), *it.opens()]

    (line,) = (one for one in of(act.LogLine, said) if "wake word" in one.text)
    assert "10 answers in a row" in line.text


def test_the_last_answer_looks_as_if_the_word_were_needed_at_once() -> None:
    it = talker()
    asks(it)
    for _ in range(MOST_FOLLOW_UPS):
        follows_up(it)

    answers(it, 0.5)

    assert look(it) is not Look.READY


@pytest.mark.parametrize("addressed", [WOKEN, ev.ButtonPressed(0.0)])
@pytest.mark.parametrize("mode", ["wakeword", "wakeword-or-button"])
def test_the_word_or_a_press_begins_a_new_row_of_follow_ups(
    addressed: ev.Event, mode: Literal["wakeword", "wakeword-or-button"]
) -> None:
    it = talker(replace(WORD, gate=GateOptions(mode=mode)))
    asks(it)
    for _ in range(MOST_FOLLOW_UPS - 1):
        follows_up(it)
    answers(it)
    it.passes(1.0)

    it.happens(addressed, ev.ButtonReleased(0.1))
    # A press that opens nothing leaves the time after the answer, so that this is the first of the row.
    begun = int(attention(it) is AttentionState.FOLLOW_UP)
    it.opens(Cause.WAKEWORD)
    it.chunk()
    it.closes()

    allowed = [follows_up(it) for _ in range(MOST_FOLLOW_UPS + 1 - begun)]
    assert allowed == [True] * (10 - begun) + [False]
    assert bool(begun) is (mode == "wakeword" and addressed is not WOKEN)


@pytest.mark.parametrize("ends", [ev.MicrophoneLost("unplugged"), ev.AnsweredElsewhere()])
def test_what_ends_a_row_without_the_user_begins_no_new_one(ends: ev.Event) -> None:
    it = talker()
    asks(it)
    for _ in range(MOST_FOLLOW_UPS):
        follows_up(it)

    it.happens(ends, ev.MicrophoneReady("usb"), ev.TextGiven("hello"))

    assert not follows_up(it)


def test_an_answer_without_sound_may_be_followed_up_at_once() -> None:
    it = talker(replace(WORD, equipment=Equipment(speaks=False)))
    asks(it)

    assert of(act.FollowUp, it.happens(ev.Answered("sunny"))) == [act.FollowUp(allowed=True)]


def test_a_further_sound_of_the_avatar_ends_the_follow_up_and_allows_it_again_after_it() -> None:
    it = talker()
    asks(it)
    answers(it)
    it.passes(1.0)

    assert of(act.FollowUp, it.happens(ev.PlaybackStarted(it.now))) == [act.FollowUp(allowed=False)]
    it.passes(2.0)
    it.happens(ev.PlaybackEnded(it.now))

    assert of(act.FollowUp, it.passes(0.3)) == [act.FollowUp(allowed=True)]


def test_with_zero_seconds_every_turn_needs_the_word() -> None:
    it = talker(replace(WORD, wakeword=WakeWordOptions(follow_up_s=0)))
    asks(it)
    answers(it)

    assert of(act.FollowUp, it.passes(5.0)) == []
    assert look(it) is Look.WAITING


def test_a_turn_without_an_answer_allows_nothing() -> None:
    it = talker()
    asks(it)

    assert of(act.FollowUp, it.passes(40.0)) == []
    assert look(it) is Look.WAITING


def test_an_answer_into_a_mute_allows_nothing_later() -> None:
    it = talker(replace(WORD, equipment=Equipment(speaks=False)))
    it.happens(ev.MuteAsked(True), ev.MicrophoneClosed(), ev.TextGiven("hello"))
    it.happens(ev.MessageSent(1, None, it.now), ev.Answered("hello"))

    said = it.happens(ev.MuteAsked(False), ev.MicrophoneReady("usb"))

    assert of(act.FollowUp, said + it.passes(1.0)) == []


def test_where_no_word_is_needed_nothing_is_followed_up() -> None:
    it = talker(replace(WORD, gate=GateOptions(mode="vad")))
    asks(it, Cause.VOICE)
    answers(it)

    assert of(act.FollowUp, it.passes(5.0)) == []


def speaking(in_answer: Literal["stop", "turn", "off"]) -> Talker:
    """The avatar answers, and the microphone listens meanwhile."""
    it = talker(
        replace(
            WORD,
            equipment=Equipment(speaks=True, audio=AudioOptions(echo="off")),
            wakeword=WakeWordOptions(in_answer=in_answer),
        )
    )
    asks(it)
    it.happens(ev.Answered("it is sunny"), ev.PlaybackStarted(it.now))
    it.passes(1.0)
    return it


def test_the_word_stops_an_answer_and_the_user_may_go_on() -> None:
    it = speaking("stop")

    said = it.happens(WOKEN)

    assert of(act.StopPlayback, said) == [act.StopPlayback()]
    # It forgets the word, and lets speech open: in this order.
    assert of(act.FollowUp, said) == [act.FollowUp(allowed=False), act.FollowUp(allowed=True)]
    assert of(act.PlayEarcon, it.passes(2.0)) == []


def test_the_word_opens_a_turn_in_an_answer() -> None:
    it = speaking("turn")

    said = it.happens(WOKEN)

    assert of(act.StopPlayback, said) == [act.StopPlayback()]
    assert (attention(it), look(it)) == (AttentionState.WOKEN, Look.LISTENING)
    assert of(act.FollowUp, said + it.passes(2.0)) == []
    it.opens(Cause.WAKEWORD)
    assert it.hub.talk is TalkState.LISTENING


def test_the_word_means_nothing_in_an_answer() -> None:
    it = speaking("off")

    said = it.happens(WOKEN)

    assert of(act.StopPlayback, said) == []
    assert of(act.FollowUp, said) == [act.FollowUp(allowed=False)]
    assert it.hub.talk is TalkState.SPEAKING


def test_in_half_duplex_the_word_is_forgotten_when_the_avatar_begins() -> None:
    it = talker()
    asks(it)
    it.happens(WOKEN)

    said = it.happens(ev.Answered("it is sunny"), ev.PlaybackStarted(it.now))

    assert of(act.Hold, said) == [act.Hold(held=True)]
    assert attention(it) is AttentionState.WAITING
    assert it.hub.microphone is MicrophoneStatus.HELD


def test_a_press_takes_the_place_of_the_word() -> None:
    it = talker()
    it.happens(WOKEN)

    it.happens(ev.ButtonPressed(it.now))

    assert attention(it) is AttentionState.WAITING
    assert of(act.PlayEarcon, it.passes(1.0)) == []


def test_a_press_that_opens_nothing_leaves_the_word() -> None:
    it = talker(replace(WORD, gate=GateOptions(mode="wakeword")))
    it.happens(WOKEN, ev.ButtonPressed(it.now))

    assert attention(it) is AttentionState.WOKEN


@pytest.mark.parametrize("ends", [ev.MuteAsked(True), ev.MicrophoneLost("gone")])
def test_no_microphone_no_attention(ends: ev.Event) -> None:
    it = talker()
    asks(it)
    answers(it)
    it.passes(1.0)

    it.happens(ends)

    assert it.hub.state.attention == Attention()


def test_the_word_that_was_spoken_into_a_mute_is_nothing() -> None:
    it = talker()
    it.happens(ev.MuteAsked(True), ev.MicrophoneClosed())

    assert it.happens(WOKEN) == []
    assert look(it) is Look.MUTED


def test_another_gate_mode_forgets_the_word() -> None:
    it = talker()
    it.happens(WOKEN)

    it.happens(ev.OptionsChanged(replace(WORD, gate=GateOptions(mode="vad"))))

    assert it.hub.gate is GateMode.VAD
    assert it.hub.state.attention == Attention()
    assert it.happens(WOKEN) == []


def test_a_reason_without_speech_never_opens_a_turn() -> None:
    it = talker()
    it.happens(WOKEN)
    it.opens(Cause.WAKEWORD)
    it.closes(CloseReason.HELD)

    assert attention(it) is AttentionState.WAITING
