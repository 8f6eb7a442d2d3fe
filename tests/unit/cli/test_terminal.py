"""A terminal shows what a service says, and never does what it says."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cli.terminal import (
    cells,
    columns_of,
    fitted,
    harmless,
    head,
    takes_colour,
    typeable,
    visible,
    way_to_type,
    wrapped,
)

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


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_that_want_them() -> None:
    assert takes_colour(Screen(), {"TERM": "xterm"})
    assert not takes_colour(io.StringIO(), {"TERM": "xterm"})
    assert not takes_colour(Screen(), {"TERM": "dumb"})
    # no-color.org: when present and not an empty string, regardless of its value.
    assert not takes_colour(Screen(), {"NO_COLOR": "0"})
    assert takes_colour(Screen(), {"NO_COLOR": ""})


def test_only_a_terminal_has_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    assert columns_of(Screen(), {}) == 40
    assert columns_of(io.StringIO(), {}) == 0


def test_lines_are_wrapped_between_words_and_go_on_below_the_text() -> None:
    text = "utterance 1: 1.9 s of speech, closed by silence"

    assert wrapped("   2.0 s    heard       ", text, 0) == "   2.0 s    heard       " + text
    assert wrapped("   2.0 s    heard       ", text, 80) == "   2.0 s    heard       " + text
    assert wrapped("   2.0 s    heard       ", text, 60).split("\n") == [
        "   2.0 s    heard       utterance 1: 1.9 s of speech, closed",
        "                        by silence",
    ]
    assert wrapped("   2.0 s    heard       ", text, 40).split("\n") == [
        "   2.0 s    heard       utterance 1: 1.9",
        "    s of speech, closed by silence",
    ]


@given(st.text(st.sampled_from("ab 語\u0301"), max_size=80), st.integers(20, 90))
def test_wrapping_loses_no_word_and_keeps_the_width(text: str, columns: int) -> None:
    lines = wrapped("  first  ", text, columns).split("\n")

    assert " ".join(lines).split() == f"  first  {text}".split() or len(lines) == 1
    assert all(cells(line) <= columns or len(line.split()) == 1 for line in lines)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("`ravatard devices` lists them", "`X devices` lists them"),
        ("write it with `sudo ravatard setup`", "write it with `sudo X setup`"),
        ("start it (sudo systemctl start ravatard, or ravatard run)", None),
        ("sudo ravatard doctor may ask it", "sudo X doctor may ask it"),
        ("ravatard unmute", "X unmute"),
        ("ravatard page password", "X page password"),
        ("ravatard does not run: no answer", "ravatard does not run: no answer"),
        ("the user of ravatard may read it", "the user of ravatard may read it"),
        ("`ravatard-` and a hash", "`ravatard-` and a hash"),
        ("/opt/ravatard/bin/ravatard doctor", "/opt/ravatard/bin/ravatard doctor"),
        ("sudo systemctl restart ravatard", "sudo systemctl restart ravatard"),
    ],
)
def test_commands_in_a_text_are_as_they_can_be_typed(text: str, typed: str | None) -> None:
    wanted = "start it (sudo systemctl start ravatard, or X run)" if typed is None else typed

    assert typeable(text, "X") == wanted
    assert typeable(text, "ravatard") == text


def test_the_program_of_a_clone_is_named_by_its_path_unless_a_shell_finds_it(tmp_path: Path) -> None:
    prefix = tmp_path / "a clone" / ".venv"
    program = prefix / "bin" / "ravatard"
    program.parent.mkdir(parents=True)
    program.touch()

    assert way_to_type(prefix, prefix.parent, None) == ".venv/bin/ravatard"
    assert way_to_type(prefix, Path("/"), None) == f"'{program.relative_to('/')}'"
    assert way_to_type(prefix, Path("/usr"), None) == f"'{program}'"
    assert way_to_type(prefix, Path("/usr"), "/usr/bin/ravatard") == "ravatard"
    assert way_to_type(tmp_path, tmp_path, None) == "ravatard"
