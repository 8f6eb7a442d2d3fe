"""A service that has the end of an utterance marked, is told what is given up, and takes orders to stop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.deafness import DEAF_FIRST_S, DEAF_LONGEST_S
from ravatard.core.indication import Look
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.conversation import TurnOptions
from ravatard.core.states import (
    Cause,
    CloseReason,
    Earcon,
    Refusal,
    SessionState,
    TalkState,
    TurnOutcome,
    VoiceSource,
)
from ravatard.stages.mailbox import Outbox
from tests.unit.core.conversation.test_conversation import CAPABILITIES, Talker, of, outcomes
from tests.unit.core.conversation.test_playback_state import aloud, sounds

TOLD = replace(CAPABILITIES, marks_utterances=True, interrupts=True, voice=VoiceSource.PIECES)
MARKS = (act.EndUtterance, act.CancelUtterance)


def told(audio: AudioOptions | None = None, **means: Any) -> Talker:
    talker = Talker(aloud(audio=audio or AudioOptions(), **means), online=False)
    talker.happens(ev.LinkConnecting(), ev.LinkOnline(TOLD))
    return talker


def sent_end(talker: Talker) -> None:
    talker.happens(ev.MessageSent(talker.hub.state.turns.count, None, talker.now))


def silences(actions: list[Any]) -> list[act.SendAudio]:
    return [one for one in of(act.SendAudio, actions) if one.read_at is None]


# ---------------------------------------------------------------- the end of an utterance


@pytest.mark.parametrize(
    "reason",
    [CloseReason.SILENCE, CloseReason.RELEASED, CloseReason.LONGEST, CloseReason.HELD, CloseReason.LOST],
)
def test_the_end_is_marked_behind_the_last_chunk_and_no_silence_follows(reason: CloseReason) -> None:
    talker = told()
    talker.opens()
    talker.chunk()

    closed = talker.closes(reason)
    later = talker.passes(6.0)

    assert of(act.EndUtterance, closed) == [act.EndUtterance(1)]
    assert silences(closed + later) == []


def test_a_service_that_listens_gets_silence_and_no_mark() -> None:
    talker = Talker(aloud())

    actions = talker.says() + talker.passes(1.0)

    assert of(act.EndUtterance, actions) == []
    assert len(silences(actions)) == 3


def test_an_utterance_without_speech_is_taken_back() -> None:
    talker = told()
    talker.opens(Cause.BUTTON)
    talker.chunk()

    closed = talker.closes(CloseReason.NO_SPEECH)

    assert [one for one in closed if isinstance(one, act.DropTurn | MARKS[0] | MARKS[1])] == [
        act.DropTurn(1),
        act.CancelUtterance(1),
    ]
    assert outcomes(talker) == [TurnOutcome.NOTHING_SAID]


def test_the_microphones_loss_ends_what_was_said() -> None:
    talker = told()
    talker.opens()
    talker.chunk()

    assert of(act.EndUtterance, talker.happens(ev.MicrophoneLost("it was pulled out"))) == [
        act.EndUtterance(1)
    ]


def test_an_utterance_that_never_closed_is_marked_when_the_next_one_opens() -> None:
    talker = told()
    talker.opens()
    talker.chunk()

    opened = talker.opens()

    assert of(act.EndUtterance, opened) == [act.EndUtterance(1)]


def test_an_utterance_of_which_there_is_nothing_has_no_end() -> None:
    talker = told()
    talker.opens()

    assert of(act.EndUtterance, talker.closes()) == []


def test_before_the_first_link_both_ways_are_asked_for_and_the_silence_stops_with_it() -> None:
    talker = Talker(aloud(), online=False)
    talker.opens()
    talker.chunk()
    closed = talker.closes() + talker.passes(1.0)
    talker.happens(ev.LinkOnline(TOLD))

    later = talker.passes(4.0)

    assert of(act.EndUtterance, closed) == [act.EndUtterance(1)]
    assert len(silences(closed)) == 3
    assert silences(later) == []


def test_a_session_that_was_gone_has_the_utterance_said_again_to_its_end() -> None:
    talker = told()
    talker.says(2)
    sent_end(talker)

    again = talker.happens(ev.StreamBroke(Refusal.EXPIRED, "it vanished"))

    said = [
        type(one) for one in again if isinstance(one, act.SendAudio | act.EndUtterance | act.StartSession)
    ]
    assert said == [act.StartSession, act.SendAudio, act.SendAudio, act.EndUtterance]


# ---------------------------------------------------------------- what is given up


@pytest.mark.parametrize(
    "event",
    [
        ev.MuteAsked(True),
        ev.SessionEnded("the limit"),
        ev.RestartSessionAsked(),
        ev.UtteranceDropped(1, "the network is slow"),
        ev.TurnFailed("the recogniser broke off"),
        ev.StreamBroke(Refusal.FAILED, "it broke"),
    ],
)
def test_what_is_given_up_in_the_middle_is_cancelled_behind_what_was_dropped(event: ev.Event) -> None:
    talker = told()
    talker.opens()
    talker.happens(ev.SessionStarted())
    talker.chunk()

    actions = talker.happens(event)

    given_up = [one for one in actions if isinstance(one, act.DropTurn | act.CancelUtterance)]
    assert given_up == [act.DropTurn(1), act.CancelUtterance(1)]
    assert talker.chunk() == []


def test_an_older_turn_that_cannot_be_sent_to_its_end_is_cancelled() -> None:
    talker = told()
    talker.says()
    talker.opens()

    assert of(act.CancelUtterance, talker.happens(ev.UtteranceDropped(1, "no session"))) == [
        act.CancelUtterance(1)
    ]


def test_a_service_that_listens_is_told_of_nothing_that_is_given_up() -> None:
    talker = Talker(aloud())
    talker.says()
    talker.opens()
    talker.chunk()

    actions = talker.happens(ev.UtteranceDropped(1, "no session"), ev.MuteAsked(True))

    assert [one for one in actions if isinstance(one, MARKS)] == []


# ---------------------------------------------------------------- a turn that fails, or had no words


def test_a_failed_turn_is_reported_once_and_the_session_stays() -> None:
    talker = told()
    talker.says()

    actions = talker.happens(ev.TurnFailed("the recogniser is away"))

    assert outcomes(talker) == [TurnOutcome.FAILED]
    assert of(act.LogLine, actions) == [act.LogLine("the turn failed: the recogniser is away", warning=True)]
    assert of(act.PlayEarcon, actions) == [act.PlayEarcon(Earcon.ERROR)]
    assert talker.hub.session is SessionState.LIVE
    assert talker.look() is Look.READY


def test_a_turn_of_which_nothing_is_with_the_service_does_not_fail_for_an_older_one() -> None:
    talker = told()
    talker.says()
    talker.opens()

    talker.happens(ev.TurnFailed("too late"))

    assert talker.talk() is TalkState.LISTENING
    assert outcomes(talker) == [TurnOutcome.SUPERSEDED]


def test_a_turn_without_words_ends_quietly() -> None:
    talker = told()
    talker.says()

    actions = talker.happens(ev.NothingSaid())

    assert outcomes(talker) == [TurnOutcome.NOTHING_SAID]
    assert [one for one in actions if isinstance(one, act.PlayEarcon | act.LogLine)] == []


def test_no_words_in_an_older_turn_do_not_end_what_is_being_said() -> None:
    talker = told()
    talker.says()
    talker.opens()
    talker.chunk()

    talker.happens(ev.NothingSaid())

    assert talker.talk() is TalkState.LISTENING


# ---------------------------------------------------------------- orders to stop


@pytest.mark.parametrize("echo", ["off", "half-duplex"])
def test_a_press_stops_the_answer_here_and_there(echo: Any) -> None:
    talker = told(AudioOptions(echo=echo))
    talker.says()
    talker.happens(ev.AnswerBegun())
    sounds(talker)

    pressed = talker.happens(ev.ButtonPressed(talker.now))

    stops = [one for one in pressed if isinstance(one, act.StopPlayback | act.Interrupt)]
    assert stops == [act.StopPlayback(), act.Interrupt()]
    assert talker.talk() is TalkState.IDLE


def test_a_press_while_the_answer_is_awaited_gives_it_up() -> None:
    talker = told()
    talker.says()

    pressed = talker.happens(ev.ButtonPressed(talker.now))

    assert of(act.Interrupt, pressed) == [act.Interrupt()]
    assert outcomes(talker) == [TurnOutcome.CANCELLED]
    assert of(act.PlayEarcon, talker.passes(60.0)) == []


def test_a_press_while_nothing_is_said_interrupts_nothing() -> None:
    assert of(act.Interrupt, told().happens(ev.ButtonPressed(100.0))) == []


def test_a_service_that_takes_no_orders_gets_none() -> None:
    talker = Talker(aloud())
    talker.happens(ev.LinkOnline(replace(TOLD, interrupts=False)))
    talker.says()

    waiting = talker.happens(ev.ButtonPressed(talker.now), ev.ButtonReleased(talker.now))
    talker.happens(ev.AnswerBegun())
    sounds(talker)
    sounding = talker.happens(ev.ButtonPressed(talker.now))

    assert of(act.StopPlayback, waiting) == []
    assert of(act.StopPlayback, sounding) == [act.StopPlayback()]
    assert of(act.Interrupt, waiting + sounding) == []


def test_a_voice_that_may_interrupt_does_so_also_before_the_answer_sounds() -> None:
    talker = told(AudioOptions(echo="off", barge_in="voice"))
    talker.says()

    assert of(act.Interrupt, talker.opens()) == [act.Interrupt()]


def test_a_voice_that_may_not_interrupt_leaves_the_answer_alone() -> None:
    talker = told()
    talker.says()

    assert of(act.Interrupt, talker.opens()) == []


def test_an_answer_that_is_too_long_is_stopped_at_its_service_too() -> None:
    talker = told(AudioOptions(longest_answer_s=30.0))
    talker.says()
    talker.happens(ev.AnswerBegun())
    sounds(talker)

    assert of(act.Interrupt, talker.passes(31.0)) == [act.Interrupt()]


# ---------------------------------------------------------------- words that others take the place of


@pytest.mark.parametrize("utterances", [2, 3, 7])
@pytest.mark.parametrize("online", [True, False])
def test_only_the_newest_of_several_utterances_that_could_not_be_sent_goes_out(
    utterances: int, online: bool
) -> None:
    talker = told()
    if not online:
        talker.happens(ev.LinkOffline("the network is gone.", 5.0))
    outbox = Outbox()
    for _ in range(utterances):
        actions = talker.opens()
        for _ in range(3):
            actions += talker.happens(
                ev.ChunkCaptured(talker.hub.state.turns.utterance or 0, 0, 0, bytes(8_192), talker.now)
            )
        actions += talker.closes()
        for one in actions:
            if isinstance(one, act.Message | act.StartSession | act.EndSession | act.DropTurn):
                outbox.put(one)
        talker.passes(1.0)

    left = list(outbox._waiting)

    assert left[0] == act.StartSession(utterances)
    assert {one.turn for one in left if not isinstance(one, act.EndSession)} == {utterances}
    assert [type(one) for one in left[1:]] == [act.SendAudio] * 3 + [act.EndUtterance]
    assert outcomes(talker) == [TurnOutcome.SUPERSEDED] * (utterances - 1)


def test_written_words_wait_for_the_link_one_behind_the_other() -> None:
    talker = told()
    talker.happens(ev.LinkOffline("the network is gone.", 5.0))

    actions = [one for text in ("one", "two", "three") for one in talker.happens(ev.TextGiven(text))]

    assert [one.text for one in of(act.SendText, actions)] == ["one", "two", "three"]
    assert of(act.DropTurn, actions) == []


# ---------------------------------------------------------------- a service that does not hear


def test_a_service_that_does_not_hear_is_shown_with_its_reason() -> None:
    talker = told()

    actions = talker.happens(ev.ServiceHearing(True, "write avatar.microphone: text"))

    assert talker.look() is Look.SERVICE_DEAF
    assert talker.hub.indication.status == "service deaf: write avatar.microphone: text"
    (line,) = of(act.LogLine, actions)
    assert line.warning
    assert of(act.LogLine, talker.happens(ev.ServiceHearing(True, "write avatar.microphone: text"))) == []


def test_a_service_that_hears_again_is_shown_as_ready() -> None:
    talker = told()
    talker.happens(ev.ServiceHearing(True, ""), ev.ServiceHearing(False))

    assert talker.look() is Look.READY


def test_a_voice_opens_no_session_at_a_service_that_does_not_hear_but_a_press_does() -> None:
    talker = told()
    talker.says()
    talker.answers()
    talker.happens(ev.ServiceHearing(True, "no ear"), ev.SessionEnded("idle"))

    by_voice = talker.opens()
    talker.closes()
    by_button = talker.opens(Cause.BUTTON)

    assert of(act.StartSession, by_voice) == []
    assert of(act.StartSession, by_button) == [act.StartSession(2)]


def goes_out(talker: Talker) -> bool:
    """True if a voice that is heard now becomes a turn; it is over then."""
    begun = talker.hub.state.turns.count
    talker.opens()
    talker.closes()
    return talker.hub.state.turns.count > begun


def deaf() -> Talker:
    """A service that has just told that it hears nothing."""
    talker = told()
    talker.says()
    talker.answers()
    talker.happens(ev.ServiceHearing(True, "no ear"))
    return talker


def test_a_voice_tries_again_after_pauses_that_grow_to_some_minutes() -> None:
    talker = deaf()
    pauses = []
    for _ in range(8):
        waited = 0
        while not goes_out(talker):
            talker.passes(5.0)
            waited += 5
        talker.happens(ev.ServiceHearing(True, "no ear"))
        pauses.append(waited)

    assert pauses[0] == DEAF_FIRST_S
    assert pauses == sorted(pauses)
    assert DEAF_LONGEST_S - 5.0 <= pauses[-1] <= DEAF_LONGEST_S + 5.0


def test_words_that_are_not_sent_do_not_put_the_next_attempt_off() -> None:
    talker = deaf()
    sent = []
    for _ in range(12):
        talker.passes(10.0)
        sent.append(goes_out(talker))

    assert sum(sent) >= 2


@pytest.mark.parametrize("pauses", [0, 1, 6])
def test_a_press_has_the_next_voice_sent_whatever_the_pause(pauses: int) -> None:
    talker = deaf()
    for _ in range(pauses):
        talker.passes(DEAF_LONGEST_S + 1.0)
        goes_out(talker)
    assert not goes_out(talker)

    talker.happens(ev.ButtonPressed(talker.now), ev.ButtonReleased(talker.now))

    assert talker.hub.state.service.deafness.reason == "no ear"
    assert goes_out(talker)


@pytest.mark.parametrize(
    "taken_back",
    [
        ev.ServiceHearing(False),
        ev.OptionsChanged(aloud()),
        ev.RestartSessionAsked(),
        ev.LinkOnline(TOLD),
    ],
    ids=lambda event: type(event).__name__,
)
def test_deafness_is_taken_back_by_evidence_a_reload_a_restart_or_a_new_link(taken_back: ev.Event) -> None:
    talker = deaf()

    talker.happens(taken_back)

    assert talker.look() is not Look.SERVICE_DEAF
    assert goes_out(talker)
    talker.happens(ev.ServiceHearing(True, "no ear"))
    assert not goes_out(talker)


@pytest.mark.parametrize("answer_s", [1.0, 30.0, 300.0])
def test_an_answer_that_does_not_come_in_time_is_not_wanted_any_more(answer_s: float) -> None:
    talker = told()
    talker.happens(ev.OptionsChanged(replace(aloud(), turn=TurnOptions(answer_s=answer_s))))
    talker.says()

    before = talker.passes(answer_s - 0.5)
    after = talker.passes(1.0)

    assert of(act.Interrupt, before) == []
    assert of(act.Interrupt, after) == [act.Interrupt()]
    assert outcomes(talker) == [TurnOutcome.UNANSWERED]
