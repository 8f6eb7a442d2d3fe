"""The set-up offers a wake word where it can be recognised, and says how else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cli.setup.questions import Choice
from tests.unit.cli.setup.test_dialogue import ENTER_ALL, Town, Visit, texts

WORDS = (Choice("okay_nabu", "Okay Nabu (okay_nabu)"), Choice("hey_ada", "Hey Ada (hey_ada)"))
BUTTON = "button: {pin: 17}\n"


def visit(folder: Path, text: str = "", words: tuple[Choice, ...] = WORDS) -> Visit:
    town = Town()
    town.words = words
    return Visit(folder, text, town)


def answers(text: str, *lines: str) -> tuple[str, ...]:
    """Enter for all that is asked before, which includes the lights where there is a button."""
    before = list(ENTER_ALL)
    if "pin" in text:
        before[3:3] = ["", "", "n"]
    return (*before, *lines)


@pytest.mark.parametrize(("text", "mode"), [("", "wakeword"), (BUTTON, "wakeword-or-button")])
def test_a_word_is_chosen_and_a_button_still_works(tmp_path: Path, text: str, mode: str) -> None:
    wishes = visit(tmp_path, text).answered(*answers(text, "y", "2"))

    assert texts(wishes) == {"gate.mode": mode, "wakeword.word": "hey_ada"}


def test_enter_keeps_the_gate_as_it_is(tmp_path: Path) -> None:
    assert texts(visit(tmp_path).answered(*ENTER_ALL, "")) == {}
    kept = visit(tmp_path, "gate: {mode: wakeword}\n").answered(*ENTER_ALL, "", "")
    assert texts(kept) == {}


def test_a_word_that_is_not_wanted_any_more_leaves_the_gate_to_the_service(tmp_path: Path) -> None:
    wishes = visit(tmp_path, "gate: {mode: wakeword}\n").answered(*ENTER_ALL, "n")

    assert texts(wishes) == {"gate.mode": "auto"}


def test_without_the_extra_nothing_is_asked_and_one_sentence_says_how_to_add_it(tmp_path: Path) -> None:
    without = visit(tmp_path, words=())

    assert texts(without.answered(*ENTER_ALL)) == {}
    (sentence,) = [line for line in without.seen if "wake word" in line]
    assert sentence.startswith("A wake word needs the extra wakeword")
