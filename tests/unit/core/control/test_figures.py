"""Waits are counted where a user feels them, paid time to the second, refusals by their reason."""

from __future__ import annotations

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.control.figures import ANSWER_BOUNDS_S, Figures, WaitHistogram
from ravatard.core.states import Cause, CloseReason, Refusal, SessionState

OPENED = ev.UtteranceOpened(1, Cause.VOICE, 0)
CLOSED = ev.UtteranceClosed(1, CloseReason.SILENCE, 16_000, 900.0)


def told(*events: tuple[float, ev.Event]) -> Figures:
    figures = Figures()
    for now, event in events:
        figures.on_event(event, now)
    return figures


def test_a_wait_is_counted_below_the_first_bound_that_it_does_not_pass() -> None:
    waits = WaitHistogram((0.5, 1.0))
    for wait_s in (0.5, 0.6, 1.0, 7.0, -3.0):
        waits.add(wait_s)

    assert waits.cumulative == [2, 4, 5]
    assert waits.total_s == pytest.approx(9.1)


def test_an_answer_counts_from_the_end_of_speech_to_its_first_sound() -> None:
    figures = told(
        (0.0, OPENED), (2.0, CLOSED), (2.9, ev.PlaybackStarted(3.1)), (9.0, ev.PlaybackStarted(9.0))
    )

    assert figures.answers.total_s == pytest.approx(1.1)
    assert figures.answers.cumulative[-1] == 1
    assert figures.answers.cumulative[ANSWER_BOUNDS_S.index(1.0)] == 0


def test_the_first_message_counts_from_the_opening_and_once_a_turn() -> None:
    sent = (ev.MessageSent(1, 0.1, 0.4), ev.MessageSent(1, 0.5, 0.7))
    silence = ev.MessageSent(1, None, 0.2)

    figures = told((0.1, OPENED), (0.2, silence), (0.4, sent[0]), (0.7, sent[1]))

    assert figures.first_messages.cumulative[-1] == 1
    assert figures.first_messages.total_s == pytest.approx(0.3)


def test_what_is_written_has_no_wait_of_speech() -> None:
    figures = told((0.0, OPENED), (1.0, CLOSED), (1.1, ev.TextGiven("x")), (2.0, ev.PlaybackStarted(2.0)))

    assert figures.answers.cumulative[-1] == 0


def test_a_press_counts_until_silence_only_while_the_avatar_is_heard() -> None:
    figures = told(
        (0.0, ev.ButtonPressed(0.0)),
        (1.0, ev.PlaybackStarted(1.0)),
        (2.0, ev.ButtonPressed(2.0)),
        (2.05, ev.PlaybackEnded(2.02)),
        (3.0, ev.PlaybackStarted(3.0)),
        (4.0, ev.PlaybackEnded(4.0)),
        (5.0, ev.PlaybackStarted(5.0)),
        (5.1, ev.ButtonPressed(5.1)),
        (5.2, ev.SpeakerLost("unplugged")),
        (6.0, ev.PlaybackEnded(6.0)),
        (7.0, ev.SpeakerAwake()),
    )

    assert figures.silences.cumulative[-1] == 1
    assert figures.silences.total_s == pytest.approx(0.02)


def test_paid_time_runs_from_the_wish_to_the_end_and_adds_up() -> None:
    figures = Figures()
    for now, state in (
        (10.0, SessionState.STARTING),
        (12.0, SessionState.LIVE),
        (70.0, SessionState.NONE),
        (80.0, SessionState.NONE),
        (100.0, SessionState.STARTING),
    ):
        figures.on_action(act.SessionChanged(state, ""), now)
    figures.on_action(act.LogLine("of no interest"), 101.0)

    assert figures.paid_s(75.0 + 30.0) == 65.0


def test_refusals_are_counted_by_their_reason() -> None:
    figures = told((0.0, ev.SessionRefused(Refusal.BUSY, "x")), (1.0, ev.SessionRefused(Refusal.MONEY, "y")))

    assert figures.refusals == {Refusal.BUSY: 1, Refusal.MONEY: 1}
