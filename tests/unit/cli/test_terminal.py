"""A terminal shows what a service says, and never does what it says."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cli.terminal import cells, fitted, harmless, head, visible

#: Persian with a joiner inside a word, a family joined of two faces, and Hebrew isolated in between.
_RIGHT_TO_LEFT = "\u0645\u06cc\u200c\u062e\u0648 \U0001f469\u200d\U0001f467 \u2067\u05e9\u05dc\u2069"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hello!", "Hello!"),
        ("  two \t words\n", "two words"),
        ("\x1b[2Jgone", "[2Jgone"),
        ("\x1b]0;title\x07text", "]0;titletext"),
        ("\x9b31mred", "31mred"),
        ("over\rwritten", "over written"),
        ("a\x00b\x7fc\ud800d", "abcd"),
        ("\u202eevil", "evil"),
        (_RIGHT_TO_LEFT, _RIGHT_TO_LEFT),
    ],
)
def test_what_a_terminal_obeys_is_gone(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_are_kept_if_wanted() -> None:
    assert visible(" one \r\n\n two\x1b[A\x0b three", lines=True) == "one\ntwo[A\nthree"


@given(st.text())
def test_nothing_with_a_meaning_gets_through(text: str) -> None:
    for shown in (
        visible(text),
        visible(text, lines=True).replace("\n", ""),
        harmless(text).replace("\n", ""),
    ):
        assert not any(unicodedata.category(one) in {"Cc", "Cs"} for one in shown)


@pytest.mark.parametrize(("text", "columns"), [("", 0), ("abc", 3), ("日本", 4), ("e\u0301", 1)])
def test_wide_characters_take_two_columns_and_marks_none(text: str, columns: int) -> None:
    assert cells(text) == columns


@given(st.text(), st.integers(0, 20))
def test_what_was_made_to_fit_fits(text: str, columns: int) -> None:
    shown = fitted(text, columns)

    assert cells(shown) <= columns
    assert text.startswith(head(text, columns))
    if cells(text) <= columns:
        assert shown == text


def test_what_we_laid_out_ourselves_stays_as_it_is() -> None:
    assert harmless("* en   English\n  de   \x1b[31mDeutsch\n") == "* en   English\n  de   [31mDeutsch\n"
