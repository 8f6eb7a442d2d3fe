"""A sheet for people: aligned, in colour where there is some, readable where there is none."""

from __future__ import annotations

import io
import re

from ravatard.cli.doctor.text import Marks, Sheet, marks_for
from ravatard.doctor.examination import Finding
from ravatard.doctor.result import CheckResult, broken, fine, needless, warning

PLAIN = Marks(("ok", "!!", "XX", "??", "--", "->"), colour=False, columns=0)


def written(*outcomes: CheckResult, marks: Marks = PLAIN, hints: bool = False) -> list[str]:
    sheet = Sheet(marks, {"check0": "First", "check1": "Second"}, width=8, hints=hints)
    found = [Finding(f"check{number}", outcome, 0.0) for number, outcome in enumerate(outcomes)]
    lines = [line for one in found for line in sheet.lines(one)]
    return [*lines, *sheet.summary(found)]


def test_each_finding_is_a_line_beneath_its_heading_with_the_remedy_of_what_is_broken() -> None:
    assert written(fine("well"), broken("gone", "buy one")) == [
        "First",
        "  ok  check0    well",
        "",
        "Second",
        "  XX  check1    gone",
        "                -> buy one",
        "",
        "  1 broken, 1 fine",
    ]


def test_the_remedy_of_a_warning_is_shown_when_it_is_wanted() -> None:
    assert not [line for line in written(warning("so so", "try it")) if "try it" in line]
    assert [line for line in written(warning("so so", "try it"), hints=True) if "-> try it" in line]


def test_a_long_sentence_is_broken_beneath_itself_and_never_wider_than_the_terminal() -> None:
    marks = Marks(PLAIN.signs, colour=False, columns=60)

    lines = written(fine("word " * 40), broken("x", "remedy " * 30), marks=marks)

    assert max(map(len, lines)) <= 60
    assert lines[2].startswith(" " * 16 + "word")


def test_colour_changes_nothing_but_colour() -> None:
    outcomes = (fine("well"), broken("gone", "buy"), needless("no"), warning("so", "do"))
    coloured = written(*outcomes, marks=Marks(PLAIN.signs, colour=True, columns=0))

    assert any("\x1b[" in line for line in coloured)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured] == written(*outcomes)


def test_what_a_device_calls_itself_cannot_repaint_the_terminal() -> None:
    assert written(fine("mic\x1b[2J\nnext"))[1] == "  ok  check0    mic[2J next"


def test_a_token_in_a_sentence_is_masked() -> None:
    assert "eyJ" not in "".join(written(fine("lost wss://a/?token=eyJhbGciOi.x.y")))


def test_a_stream_that_cannot_show_signs_gets_letters() -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    utf8 = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")

    assert marks_for(ascii_only).signs[0] == "ok"
    assert marks_for(utf8) == Marks(("✓", "!", "✗", "?", "·", "→"), colour=False, columns=0)
    assert marks_for(io.StringIO()).signs[0] == "ok"


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_colours_unless_somebody_minds() -> None:
    def colour(**environ: str) -> bool:
        return marks_for(Terminal(io.BytesIO(), encoding="utf-8"), environ).colour

    assert colour(TERM="xterm")
    assert not colour(TERM="xterm", NO_COLOR="1")
    assert not colour(TERM="dumb")


def test_nothing_looked_at_is_said() -> None:
    assert written()[-1] == "  nothing was checked"
