"""Findings of the doctor as text: one aligned line a check, with its remedy below."""

from __future__ import annotations

import os
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from ravatard.cli.terminal import columns_of, is_capable, takes_colour, typeable, visible
from ravatard.doctor.examination import Finding
from ravatard.doctor.result import Verdict
from ravatard.logs import redact

_FINE, _WARNING, _BROKEN, _UNKNOWN, _NOTHING, _ARROW = range(6)
_UNICODE = ("✓", "!", "✗", "?", "·", "→")
_ASCII = ("ok", "!!", "XX", "??", "--", "->")
_PLACE = {
    Verdict.FINE: _FINE,
    Verdict.WARNING: _WARNING,
    Verdict.BROKEN: _BROKEN,
    Verdict.UNKNOWN: _UNKNOWN,
    Verdict.SKIPPED: _NOTHING,
    Verdict.NEEDLESS: _NOTHING,
}
#: ECMA-48, select graphic rendition.
_COLOURS = {
    Verdict.FINE: "32",
    Verdict.WARNING: "33",
    Verdict.BROKEN: "1;31",
    Verdict.UNKNOWN: "35",
    Verdict.SKIPPED: "2",
    Verdict.NEEDLESS: "2",
}
_DIM, _BOLD = "2", "1"
_NARROWEST, _WIDEST = 60, 110


@dataclass(frozen=True, slots=True)
class Marks:
    """Signs and colours that a stream can show.

    Attributes:
        signs: for fine, warning, broken, unknown, skipped, and an arrow; all of the same width.
        colour: use colours.
        columns: width; 0: lines are not wrapped.
    """

    signs: tuple[str, ...]
    colour: bool
    columns: int

    def tinted(self, text: str, colour: str) -> str:
        """Return ``text`` in a colour, if colours are used."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour and text else text


def marks_for(
    stream: TextIO, environ: Mapping[str, str] = os.environ, *, narrowest: int = _NARROWEST
) -> Marks:
    """Return the marks ``stream`` can show; lines are at least ``narrowest`` columns wide."""
    try:
        "".join(_UNICODE).encode(stream.encoding or "ascii")
        signs = _UNICODE
    except UnicodeEncodeError:
        signs = _ASCII
    columns = min(_WIDEST, max(narrowest, columns_of(stream, environ))) if is_capable(stream, environ) else 0
    return Marks(signs, takes_colour(stream, environ), columns)


class Sheet:
    """Formats findings."""

    def __init__(self, marks: Marks, headings: Mapping[str, str], *, width: int, hints: bool) -> None:
        """``headings``: by id of the check below; ``width``: of the ids; ``hints``: show all remedies."""
        self._marks = marks
        self._headings = dict(headings)
        self._width = width
        self._hints = hints
        self._begun = False

    def lines(self, finding: Finding) -> Iterator[str]:
        """Yield the lines of one finding."""
        if heading := self._headings.get(finding.id):
            if self._begun:
                yield ""
            yield self._marks.tinted(heading, _BOLD)
        self._begun = True
        verdict, marks = finding.result.verdict, self._marks
        sign = marks.tinted(marks.signs[_PLACE[verdict]], _COLOURS[verdict])
        name = marks.tinted(f"{finding.id:{self._width}}", _DIM)
        indent = len(marks.signs[0]) + self._width + 6
        quiet = verdict in (Verdict.SKIPPED, Verdict.NEEDLESS)
        first, *rest = self._wrapped(visible(redact(typeable(finding.result.text))), indent)
        yield f"  {sign}  {name}  {marks.tinted(first, _DIM) if quiet else first}"
        for line in rest:
            yield " " * indent + (marks.tinted(line, _DIM) if quiet else line)
        if finding.result.remedy and (self._hints or verdict is Verdict.BROKEN):
            arrow = marks.signs[_ARROW]
            remedy = self._wrapped(typeable(finding.result.remedy), indent + len(arrow) + 1)
            for number, line in enumerate(remedy):
                start = f"{arrow} " if number == 0 else " " * (len(arrow) + 1)
                yield " " * indent + marks.tinted(start + line, _COLOURS[Verdict.WARNING])

    def _wrapped(self, text: str, indent: int) -> list[str]:
        if not self._marks.columns:
            return [text]
        room = max(20, self._marks.columns - indent)
        return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]

    def summary(self, findings: Sequence[Finding]) -> Iterator[str]:
        """Yield the counts of each verdict."""
        count = Counter(finding.result.verdict for finding in findings)
        words = {
            Verdict.BROKEN: "broken",
            Verdict.UNKNOWN: "could not be checked",
            Verdict.WARNING: "could be better",
            Verdict.FINE: "fine",
        }
        counts = [
            self._marks.tinted(f"{count[verdict]} {word}", _COLOURS[verdict])
            for verdict, word in words.items()
            if count[verdict]
        ]
        yield ""
        yield f"  {', '.join(counts) or 'nothing was checked'}"
        if not self._hints and (count[Verdict.WARNING] or count[Verdict.UNKNOWN]):
            yield self._marks.tinted("  --fix-hints shows the remedies of warnings as well", _DIM)
