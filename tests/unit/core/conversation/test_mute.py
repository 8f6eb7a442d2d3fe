"""Muted: nothing listens, nothing more leaves, and what is shown is the stream's true state."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio_format import silence
from ravatard.core.conversation.microphone_state import LONG_PRESS_S
from ravatard.core.indication import Look
from ravatard.core.options.gate import GateOptions
from ravatard.core.spend_limit import SpendOptions
from ravatard.core.states import Cause, MicrophoneStatus, Refusal, SessionState, TurnOutcome
from tests.unit.core.conversation.test_conversation import OPTIONS, Talker, of, outcomes

TOGGLING = replace(OPTIONS, gate=GateOptions(mode="both", toggle=True))


def test_a_press_without_a_microphone_opens_nothing_when_there_is_one_again() -> None:
    talker = Talker(TOGGLING)
    talker.happens(ev.MicrophoneLost("unplugged"))

    pressed = talker.happens(ev.ButtonPressed(talker.now), ev.ButtonReleased(talker.now))

    assert of(act.Press, pressed + talker.happens(ev.MicrophoneReady("usb"))) == []


def test_a_button_held_until_the_microphone_is_back_is_listened_to() -> None:
    talker = Talker(replace(OPTIONS, gate=GateOptions(mode="both")))
    talker.happens(ev.MicrophoneLost("unplugged"))

    pressed = talker.happens(ev.ButtonPressed(talker.now))

    assert of(act.Press, pressed) == []
    assert of(act.Press, talker.happens(ev.MicrophoneReady("usb"))) == [act.Press()]


def test_a_missing_microphone_has_its_next_step_told_once() -> None:
    talker = Talker()
    first = talker.happens(ev.MicrophoneLost("unplugged"))
    again = talker.happens(ev.MicrophoneLost("there is none"))
    talker.happens(ev.MicrophoneReady("usb"))
    later = talker.happens(ev.MicrophoneLost("unplugged"))

    steps = [
        ["`ravatard devices`" in line.text for line in of(act.LogLine, one)] for one in (first, again, later)
    ]

    assert steps == [[False, True], [False], [False, True]]


def muted(talker: Talker) -> list[object]:
    actions = talker.happens(ev.MuteAsked(True))
    return actions + talker.happens(ev.MicrophoneClosed())


def test_muting_closes_the_device_and_says_so_when_it_is_closed() -> None:
    talker = Talker()

    asked = talker.happens(ev.MuteAsked(True))
    assert of(act.Mute, asked) == [act.Mute(True)]
    assert talker.look() is Look.READY
    talker.happens(ev.MicrophoneClosed())

    assert (talker.microphone(), talker.look()) == (MicrophoneStatus.MUTED, Look.MUTED)


def test_muting_in_mid_sentence_lets_nothing_more_leave() -> None:
    talker = Talker()
    talker.opens()
    talker.happens(ev.SessionStarted())
    talker.chunk()

    actions = muted(talker)
    actions += talker.happens(ev.ChunkCaptured(1, 1, 4096, silence(4096), 0.0))
    actions += talker.closes()
    actions += talker.opens()
    actions += talker.passes(60.0)

    assert of(act.DropTurn, actions) == [act.DropTurn(1)]
    assert of(act.SendAudio, actions) == []
    assert outcomes(talker) == [TurnOutcome.CANCELLED]


def test_unmuting_is_shown_when_the_device_is_open() -> None:
    talker = Talker()
    muted(talker)

    actions = talker.happens(ev.MuteAsked(None))
    assert of(act.Mute, actions) == [act.Mute(False)]
    assert talker.look() is Look.MUTED
    talker.happens(ev.MicrophoneReady("usb"))

    assert talker.look() is Look.READY


def test_a_device_found_missing_when_unmuting_is_shown_as_missing() -> None:
    talker = Talker()
    muted(talker)
    talker.happens(ev.MuteAsked(False))

    talker.happens(ev.MicrophoneLost("unplugged"))

    assert talker.look() is Look.NO_MICROPHONE


def test_what_the_device_says_while_it_is_being_closed_is_late_news() -> None:
    talker = Talker()
    talker.happens(ev.MuteAsked(True))

    talker.happens(ev.MicrophoneReady("usb"), ev.MicrophoneLost("killed"), ev.MicrophoneClosed())

    assert talker.look() is Look.MUTED


def test_a_closing_that_was_taken_back_is_late_news_too() -> None:
    talker = Talker()
    talker.happens(ev.MuteAsked(True), ev.MuteAsked(False))

    talker.happens(ev.MicrophoneClosed())

    assert talker.microphone() is MicrophoneStatus.OPEN


def test_asking_for_what_is_already_so_does_nothing() -> None:
    talker = Talker()

    assert of(act.Mute, talker.happens(ev.MuteAsked(False))) == []


def test_an_appliance_may_start_muted() -> None:
    talker = Talker(replace(OPTIONS, muted=True))

    talker.happens(ev.MicrophoneClosed())

    assert talker.look() is Look.MUTED


@pytest.mark.parametrize("mode", ["vad", "wakeword"])
def test_a_long_press_mutes_and_another_unmutes_where_holding_does_not_mean_talking(
    mode: Literal["vad", "wakeword"],
) -> None:
    talker = Talker(replace(OPTIONS, gate=GateOptions(mode=mode)))

    for wanted in (True, False):
        talker.happens(ev.ButtonPressed(talker.now))
        assert of(act.Mute, talker.passes(LONG_PRESS_S - 0.01)) == []
        assert of(act.Mute, talker.passes(0.02)) == [act.Mute(wanted)]
        talker.happens(ev.ButtonReleased(talker.now))


def test_a_short_press_mutes_nothing() -> None:
    talker = Talker(replace(OPTIONS, gate=GateOptions(mode="vad")))
    talker.happens(ev.ButtonPressed(talker.now))
    talker.passes(0.5)
    talker.happens(ev.ButtonReleased(talker.now))

    assert of(act.Mute, talker.passes(10.0)) == []


def test_holding_to_talk_mutes_nothing() -> None:
    talker = Talker()
    talker.happens(ev.ButtonPressed(talker.now))

    assert of(act.Mute, talker.passes(10.0)) == []


def test_a_long_press_may_be_switched_off() -> None:
    talker = Talker(replace(OPTIONS, gate=GateOptions(mode="vad"), long_press_mutes=False))
    talker.happens(ev.ButtonPressed(talker.now))

    assert of(act.Mute, talker.passes(10.0)) == []


# ---------------------------------------------------------------- asked for by a person


def test_a_session_is_restarted_by_ending_it_and_needing_a_new_one() -> None:
    talker = Talker()
    talker.says()

    actions = talker.happens(ev.RestartSessionAsked())

    assert [a for a in actions if isinstance(a, act.DropTurn | act.EndSession)] == [
        act.DropTurn(1),
        act.EndSession("a new one was asked for"),
    ]
    assert of(act.StartSession, talker.says()) == [act.StartSession(2)]


def test_a_press_or_a_reload_asks_a_service_again_that_refused_us() -> None:
    talker = Talker()
    talker.happens(ev.LinkDenied("no money", Refusal.MONEY))
    assert talker.look() is Look.NO_MONEY

    assert act.Reconnect() in talker.happens(ev.ButtonPressed(talker.now))
    assert act.Reconnect() in talker.happens(ev.OptionsChanged(OPTIONS))


def test_who_speaks_while_we_are_offline_is_worth_an_attempt_at_once_now_and_then() -> None:
    talker = Talker()
    talker.happens(ev.LinkOffline("cut.", 100.0))

    attempts = []
    for _ in range(5):
        attempts.append(len(of(act.Reconnect, talker.opens())))
        talker.closes()
        talker.passes(8.0)

    assert attempts == [1, 0, 0, 1, 0]


def test_a_press_while_we_are_offline_is_an_attempt_at_once() -> None:
    talker = Talker()
    talker.happens(ev.LinkOffline("cut.", 100.0))

    assert act.Reconnect() in talker.happens(ev.ButtonPressed(talker.now))


def test_a_press_while_all_is_well_reconnects_nothing() -> None:
    assert of(act.Reconnect, Talker().happens(ev.ButtonPressed(0.0))) == []


# ---------------------------------------------------------------- the spend guard


def test_a_session_at_its_limit_is_ended_whatever_happens_in_it() -> None:
    talker = Talker(replace(OPTIONS, spend=SpendOptions(session_minutes=1)))
    talker.says()
    actions = []
    for _ in range(4):
        actions += talker.passes(14.0)
        actions += talker.says()
    actions += talker.passes(5.0)

    assert len(of(act.EndSession, actions)) == 1
    assert talker.hub.session is SessionState.NONE


def test_when_the_days_minutes_are_used_up_no_session_is_started() -> None:
    talker = Talker(replace(OPTIONS, spend=SpendOptions(day_minutes=1)))
    talker.says()
    talker.answers()
    talker.passes(61.0)

    actions = talker.opens(Cause.BUTTON)

    assert of(act.StartSession, actions) == []
    assert any("spend.day_minutes" in tell.text for tell in of(act.LogLine, actions))
