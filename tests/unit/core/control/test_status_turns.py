"""Turns on a time axis, from the events that a hub sees."""

from __future__ import annotations

from typing import Any

import pytest

from ravatard.core import events as ev
from ravatard.core.actions import TurnSummary
from ravatard.core.control.status_turns import PAUSE_S, TURNS_KEPT, TurnReport, percentile
from ravatard.core.states import Cause, CloseReason, TurnOutcome


class Turns:
    """A report that is told of turns; times are loop seconds."""

    def __init__(self) -> None:
        self.report = TurnReport()
        self.number = 0

    def says(self, at: float, *, until: float, quiet_ms: float = 600.0) -> None:
        """A user speaks from ``at`` on, and the gate closes at ``until``."""
        self.number += 1
        self.report.on_event(ev.UtteranceOpened(self.number, Cause.VOICE, 0), at)
        self.report.on_event(ev.MessageSent(self.number, until - 0.02, until), until)
        closed = ev.UtteranceClosed(self.number, CloseReason.SILENCE, 1, 900.0, quiet_ms=quiet_ms)
        self.report.on_event(closed, until)
        self.opened_at, self.closed_at = at, until

    def writes(self, at: float) -> None:
        self.number += 1
        self.report.on_event(ev.TextGiven("hello"), at)
        self.report.on_event(ev.MessageSent(self.number, None, at + 0.01), at + 0.01)
        self.opened_at = self.closed_at = at

    def ends(
        self, at: float, outcome: TurnOutcome = TurnOutcome.ANSWERED, cause: Cause | None = Cause.VOICE
    ) -> None:
        answered_at = at if outcome is TurnOutcome.ANSWERED else None
        answer_ms = None if answered_at is None else (at - self.closed_at) * 1000
        self.report.ended(
            TurnSummary(
                *(self.number, outcome, cause, 2000.0, 900.0, 8, 0, answer_ms),
                *(self.opened_at, self.closed_at, answered_at),
            ),
            at,
        )

    def sounds(self, at: float, until: float | None = None) -> None:
        self.report.on_event(ev.PlaybackStarted(at), at - 0.1)
        if until is not None:
            self.report.on_event(ev.PlaybackEnded(until), until + 0.1)

    def newest(self, now: float) -> dict[str, Any]:
        return self.report.listed(now)[-1]


def test_a_turn_has_all_its_moments_on_one_axis() -> None:
    turns = Turns()
    turns.says(10.0, until=13.0)
    turns.ends(14.0)
    turns.sounds(14.5, until=18.0)

    newest = turns.newest(20.0)

    assert newest["axis_ms"] == {
        "speech_end": 2400,
        "gate_closed": 3000,
        "last_message": 3000,
        "answer": 4000,
        "first_sound": 4500,
        "end": 8000,
    }
    assert (newest["opened_s_ago"], newest["ended_s_ago"]) == (10.0, 6.0)
    assert (newest["first_sound_ms"], newest["slowest_send_ms"]) == (2100, 20.0)
    assert turns.report.first_sound_s == 1.5


def test_sound_that_comes_before_the_words_of_the_answer_is_the_answer() -> None:
    turns = Turns()
    turns.says(10.0, until=13.0)
    turns.sounds(13.8)
    turns.ends(14.0)

    assert turns.newest(20.0)["axis_ms"]["first_sound"] == 3800


def test_an_answer_that_still_sounds_has_no_end() -> None:
    turns = Turns()
    turns.says(10.0, until=13.0)
    turns.ends(14.0)
    turns.sounds(14.5)

    axis = turns.newest(20.0)["axis_ms"]

    assert (axis["first_sound"], axis["end"]) == (4500, None)


def test_a_live_voice_with_pauses_has_one_first_sound_and_ends_with_its_last() -> None:
    turns = Turns()
    turns.says(10.0, until=13.0)
    turns.ends(13.5)
    turns.sounds(14.0, until=15.0)
    turns.sounds(16.0, until=17.0)
    turns.sounds(17.0 + PAUSE_S + 1, until=30.0)

    axis = turns.newest(40.0)["axis_ms"]

    assert (axis["first_sound"], axis["end"]) == (4000, 7000)


def test_a_sound_that_answers_nothing_that_was_said_belongs_to_no_turn() -> None:
    turns = Turns()
    turns.sounds(1.0, until=2.0)
    turns.says(10.0, until=13.0)
    turns.ends(14.0)
    turns.report.on_event(ev.UtteranceOpened(2, Cause.VOICE, 1), 15.0)
    turns.sounds(16.0, until=17.0)

    assert turns.newest(20.0)["axis_ms"]["first_sound"] is None
    assert turns.report.first_sound_s is None


def test_a_turn_that_another_has_overtaken_gets_no_sound() -> None:
    turns = Turns()
    turns.says(10.0, until=13.0)
    turns.report.on_event(ev.TextGiven("and"), 14.0)
    turns.ends(14.0, TurnOutcome.SUPERSEDED)
    turns.sounds(15.0, until=16.0)

    newest = turns.newest(20.0)

    assert (newest["axis_ms"]["first_sound"], newest["axis_ms"]["speech_end"]) == (None, 3000)


def test_an_answer_that_was_not_given_has_no_moment() -> None:
    turns = Turns()
    turns.says(10.0, until=13.0)
    turns.ends(43.0, TurnOutcome.UNANSWERED)

    axis = turns.newest(50.0)["axis_ms"]

    assert (axis["answer"], axis["first_sound"], axis["end"]) == (None, None, 33_000)


def test_a_text_is_timed_from_when_it_was_given_and_has_no_slowest_sound() -> None:
    turns = Turns()
    turns.writes(10.0)
    turns.ends(11.0, cause=None)
    turns.sounds(12.0)

    newest = turns.newest(20.0)

    assert (newest["cause"], newest["first_sound_ms"], newest["slowest_send_ms"]) == ("text", 2000, None)
    assert newest["axis_ms"]["last_message"] == 10
    assert turns.report.first_sound_s is None


def test_closing_silence_is_no_message_of_the_user() -> None:
    turns = Turns()
    turns.says(10.0, until=13.0)
    turns.report.on_event(ev.MessageSent(1, None, 13.5), 13.5)
    turns.ends(14.0)

    assert turns.newest(20.0)["axis_ms"]["last_message"] == 3000


def test_a_turn_of_which_nothing_was_sent_has_no_message() -> None:
    turns = Turns()
    turns.says(10.0, until=13.0)
    turns.number = 2
    turns.ends(14.0, TurnOutcome.CANCELLED)

    newest = turns.newest(20.0)

    assert (newest["axis_ms"]["last_message"], newest["slowest_send_ms"]) == (None, None)


def test_median_and_95th_percentile_are_those_of_the_turns_kept() -> None:
    turns = Turns()
    for number in range(TURNS_KEPT + 1):
        at = number * 100.0
        turns.says(at, until=at + 1.0, quiet_ms=0.0)
        turns.ends(at + 2.0)
        # The first, which is not kept, took longest.
        turns.sounds(at + (30.0 if number == 0 else 2.0 + number / 100))

    assert turns.report.first_sounds() == {"turns": 20, "median_ms": 1100, "p95_ms": 1190}


@pytest.mark.parametrize(
    ("times", "percent", "found"),
    [([], 50, None), ([7], 50, 7), ([7], 95, 7), ([3, 1, 2], 50, 2), (list(range(1, 21)), 95, 19)],
)
def test_a_percentile_is_by_nearest_rank(times: list[float], percent: float, found: int | None) -> None:
    assert percentile(times, percent) == found


def test_without_a_sound_there_is_no_median() -> None:
    nothing = {"turns": 0, "median_ms": None, "p95_ms": None}

    assert TurnReport().first_sounds() == TurnReport().silences() == nothing


def test_a_press_while_the_answer_is_heard_times_its_silence() -> None:
    turns = Turns()
    turns.says(1.0, until=2.0)
    turns.ends(3.0)
    turns.sounds(3.5)
    turns.report.on_event(ev.ButtonPressed(4.0), 4.01)
    # The press begins the next words, before the last sound is out of the converter.
    turns.report.on_event(ev.UtteranceOpened(2, Cause.BUTTON, 0), 4.02)
    turns.report.on_event(ev.PlaybackEnded(4.07), 4.1)

    newest = turns.newest(5.0)
    assert (newest["press_to_silence_ms"], newest["axis_ms"]["end"]) == (70, 3070)
    assert turns.report.silences() == {"turns": 1, "median_ms": 70, "p95_ms": 70}


def test_a_live_voice_that_is_interrupted_before_its_turn_is_over_has_its_silence() -> None:
    turns = Turns()
    turns.says(1.0, until=2.0)
    turns.sounds(2.5)
    turns.report.on_event(ev.ButtonPressed(3.0), 3.01)
    turns.ends(3.02, TurnOutcome.SUPERSEDED)
    turns.report.on_event(ev.PlaybackEnded(3.05), 3.1)

    assert turns.newest(5.0)["press_to_silence_ms"] == 50


def test_a_press_in_silence_times_nothing() -> None:
    turns = Turns()
    turns.says(1.0, until=2.0)
    turns.ends(3.0)
    turns.sounds(3.5, until=4.0)
    turns.report.on_event(ev.ButtonPressed(5.0), 5.0)
    turns.says(5.0, until=6.0)
    turns.ends(7.0)
    turns.sounds(7.5, until=8.0)

    assert [one["press_to_silence_ms"] for one in turns.report.listed(9.0)] == [None, None]


def test_a_press_that_ends_an_utterance_tells_nothing_of_the_silence_in_force() -> None:
    turns = Turns()
    turns.says(1.0, until=2.0, quiet_ms=900.0)

    turns.report.on_event(ev.UtteranceClosed(2, CloseReason.RELEASED, 1, 900.0, quiet_ms=200.0), 3.0)

    assert turns.report.silence_ms == 900.0
    turns.report.on_event(ev.MicrophoneClosed(), 4.0)
    assert turns.report.silence_ms is None
