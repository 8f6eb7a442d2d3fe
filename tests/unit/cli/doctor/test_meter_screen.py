"""A level meter: where the needle is, the room, and what the gate decided."""

from __future__ import annotations

import pytest

from ravatard.cli.doctor.meter_screen import Meter
from ravatard.cli.doctor.text import Marks
from ravatard.core.events import (
    Listened,
    MicrophoneEnded,
    MicrophoneLost,
    MicrophoneReady,
    PressIgnored,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.states import Cause, CloseReason

MARKS = Marks(("ok", "!!", "XX", "??", "--", "->"), colour=False, columns=86)
UNICODE = Marks(("✓", "!", "✗", "?", "·", "→"), colour=True, columns=86)


def meter(marks: Marks = MARKS) -> Meter:
    return Meter(marks, margin_db=5.0)


def bar(level_db: float, floor_db: float = -60.0) -> str:
    shown = meter()
    shown.take(Listened(1, level_db, floor_db))
    return shown.line()[11:51]


@pytest.mark.parametrize(
    ("level_db", "cells"), [(-80, 0), (-120, 0), (float("-inf"), 0), (-40, 20), (0, 40), (12, 40)]
)
def test_the_needle_goes_from_minus_eighty_to_zero(level_db: float, cells: int) -> None:
    drawn = bar(level_db)

    assert len(drawn) == 40
    # The two marks stand over the needle.
    marks = sum(drawn[:cells].count(mark) for mark in "|:")
    assert drawn.count("#") == cells - marks


def test_the_room_and_the_threshold_are_marked() -> None:
    assert bar(-80).index("|") == 10
    assert bar(-80).index(":") in (12, 13)


def test_lines_are_as_wide_as_each_other_whatever_is_heard() -> None:
    shown = meter()
    widths = set()
    for level in (-120.0, -60.0, -9.0, 0.0):
        shown.take(Listened(1, level, -62.0))
        widths.add(len(shown.line()))

    assert len(widths) == 1
    assert widths.pop() <= 86


def test_the_gate_tells_what_it_decides_and_counts() -> None:
    shown = meter()

    assert shown.take(UtteranceOpened(1, Cause.VOICE, 0)) == "  gate opens: voice"
    assert "OPEN" in shown.line()
    assert (
        shown.take(UtteranceClosed(1, CloseReason.SILENCE, 9, 1400.0))
        == "  gate closes: silence, 1.4 s of speech"
    )
    assert "closed" in shown.line()
    assert shown.line().endswith("  1")


def test_the_gate_of_a_running_daemon_is_followed() -> None:
    """Beside a running daemon the meter said "closed 0" while it listened."""
    shown = meter()

    assert shown.follow(listening=False, utterances=0) == ""
    assert shown.follow(listening=True, utterances=1) == "  gate opens"
    assert shown.follow(listening=True, utterances=1) == ""
    assert "gate OPEN     1" in shown.line()
    assert shown.sentence().endswith("gate open, 1 utterance")
    assert shown.follow(listening=False, utterances=1) == "  gate closes"
    # Between two looks a short utterance begins and ends.
    assert shown.follow(listening=False, utterances=2) == "  gate opened and closed"
    assert "gate closed   2" in shown.line()


@pytest.mark.parametrize("columns", [24, 30, 40, 60, 61, 62, 80])
def test_a_row_fits_into_a_narrow_terminal(columns: int) -> None:
    shown = meter(Marks(MARKS.signs, colour=False, columns=columns))
    shown.take(Listened(1, -100.0, -62.0))

    assert len(shown.line()) < columns


def test_forty_columns_have_room_for_a_bar() -> None:
    shown = meter(Marks(MARKS.signs, colour=False, columns=40))
    shown.take(Listened(1, -20.0, -62.0))
    shown.take(UtteranceOpened(1, Cause.VOICE, 0))

    assert shown.line() == "  -20 dBFS ####|:#######---- OPEN     1"


def test_a_sentence_tells_the_loudest_since_the_last_one() -> None:
    shown = meter()
    for level in (-50.0, -20.0, -48.0):
        shown.take(Listened(1, level, -62.0))

    assert shown.sentence() == "level -20 dBFS, room -62 dBFS, gate closed, 0 utterances"
    assert shown.sentence().startswith("level -48 dBFS")


def test_a_sign_of_life_without_sound_is_not_heard() -> None:
    shown = meter()

    shown.take(Listened(0, float("-inf"), float("-inf")))

    assert not shown.heard


def test_the_microphone_coming_and_going_is_a_line_that_stays() -> None:
    shown = meter()

    assert shown.take(MicrophoneReady("USB \x1b[2J")) == "microphone USB [2J"
    assert shown.take(MicrophoneLost("unplugged")) == "no microphone: unplugged"
    assert shown.take(MicrophoneEnded()) == "the recording is over"
    assert shown.take(PressIgnored(3.0)) == ""


def test_a_terminal_with_colours_shows_blocks() -> None:
    shown = meter(UNICODE)
    shown.take(Listened(1, -3.0, -60.0))

    assert "█" in shown.line()
    assert "\x1b[31m" in shown.line()
