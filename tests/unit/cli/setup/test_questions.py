"""Questions in a terminal: the default for Enter, a sentence for a bad answer, and no echo of a secret."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ravatard.cli.setup.questions import Asker, Choice, lines_within


class Person:
    """Types lines, and reads what it is told.

    Attributes:
        seen: every line and prompt, oldest first.
    """

    def __init__(self, lines: Iterable[str], hidden: Iterable[str] = (), columns: int = 1_000) -> None:
        self._lines, self._hidden = iter(lines), iter(hidden)
        self.seen: list[str] = []
        self.asker = Asker(self._read, self._read_hidden, self.seen.append, columns)

    def _read(self, prompt: str) -> str:
        self.seen.append(prompt)
        try:
            return next(self._lines)
        except StopIteration:
            raise EOFError from None

    def _read_hidden(self, prompt: str) -> str:
        self.seen.append(prompt)
        return next(self._hidden, "")


COLOURS = (Choice("r", "Red"), Choice("g", "Green"), Choice("b", "\x1b[31mBlue"))


def _odd(text: str) -> str | None:
    return None if int(text) % 2 else f"{text} is even"


def test_a_bad_answer_gets_a_sentence_and_the_question_again() -> None:
    person = Person(["4", " 5 "])

    assert person.asker.ask("How many", "", _odd) == "5"
    assert person.seen == ["How many [none]: ", "  4 is even", "How many [none]: "]


def test_enter_is_the_default_even_where_nothing_is_the_default() -> None:
    assert Person([""]).asker.ask("How many", "7", _odd) == "7"
    assert Person([""]).asker.ask("How many", "", _odd) == ""


def test_a_secret_is_asked_for_by_the_way_that_shows_nothing() -> None:
    person = Person([], ["4", "5"])

    assert person.asker.ask_hidden("Secret", _odd) == "5"
    assert person.seen == ["Secret: ", "  4 is even", "Secret: "]


@pytest.mark.parametrize(("typed", "value"), [("2", "g"), ("GREEN", "g"), ("g", "g"), ("", "r"), ("3", "b")])
def test_a_choice_is_made_by_number_value_or_label(typed: str, value: str) -> None:
    assert Person([typed]).asker.choose("Colour", COLOURS, "r") == value


@pytest.mark.parametrize("typed", ["0", "4", "-1", "99999999999999999999", "\u0662", "purple"])
def test_what_is_none_of_the_choices_is_asked_again(typed: str) -> None:
    person = Person([typed, "1"])

    assert person.asker.choose("Colour", COLOURS, "r") == "r"
    assert "  write a number from 1 to 3" in person.seen


def test_the_default_is_starred_and_a_label_from_outside_paints_nothing() -> None:
    person = Person([""])

    person.asker.choose("Colour", COLOURS, "g")

    assert person.seen[:3] == ["    1  Red", " *  2  Green", "    3  [31mBlue"]


def test_without_a_default_enter_is_no_answer() -> None:
    assert Person(["", "2"]).asker.choose("Colour", COLOURS, "none of them") == "g"


@pytest.mark.parametrize(("typed", "answer"), [("y", True), ("NO", False), ("", True)])
def test_yes_and_no_are_told_apart(typed: str, answer: bool) -> None:
    assert Person([typed]).asker.confirm("Sure?") is answer
    assert Person([""]).asker.confirm("Sure?", default=False) is False


def test_maybe_is_asked_again() -> None:
    person = Person(["maybe", "y"])

    assert person.asker.confirm("Sure?")
    assert "  write y or n" in person.seen


def test_whoever_leaves_is_let_go() -> None:
    with pytest.raises(EOFError):
        Person([]).asker.confirm("Sure?")


def test_every_question_shows_what_enter_means() -> None:
    person = Person(["", "", "", ""])

    person.asker.ask("How many", "7", _odd)
    person.asker.choose("Colour", COLOURS, "g")
    person.asker.confirm("Shall I?")
    person.asker.confirm("Really?", default=False)

    prompts = [line for line in person.seen if ":" in line]
    assert prompts == ["How many [7]: ", "Colour (1-3) [2]: ", "Shall I? [Y/n]: ", "Really? [y/N]: "]


@pytest.mark.parametrize("columns", [40, 20, 1])
def test_a_narrow_terminal_gets_lines_broken_between_words(columns: int) -> None:
    question = "Shall I listen for 5 s while you speak, to find the microphone?"
    person = Person(["y", "1"], columns=columns)

    person.asker.confirm(question)
    person.asker.choose("Microphone", [Choice("a", "automatic (the only USB microphone, else another)")], "a")

    assert all(len(line) <= max(columns, 20) for line in person.seen)
    assert " ".join(" ".join(person.seen).split()).startswith(f"{question} [Y/n]: * 1 automatic (the only")


def test_what_goes_on_stands_below_the_first_word() -> None:
    assert lines_within("  a list of words", 12) == ["  a list of", "  words"]
    assert lines_within(" *  2  Some long name", 16) == [" *  2  Some long", "       name"]
    assert lines_within("unbreakable-word-that-is-wide", 12) == ["unbreakable-word-that-is-wide"]
