"""Terminal: its colours and width, the text from outside that it may show, and commands as they are typed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TextIO

#: Control characters (they repaint a terminal, rename it, type on the user's behalf), halves of surrogate
#: pairs, line and paragraph separators.
_STRIPPED = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: Overrides of the writing direction, which make a text read as another one. Marks and isolates stay:
#: languages written from right to left need them.
_OVERRIDES = frozenset("\u202d\u202e")
#: Take no cell of their own: combining marks, joiners, variation selectors.
_NO_CELL = frozenset({"Mn", "Me", "Cf"})


#: The program in the place of a command, within a sentence or at the beginning of a remedy.
_COMMAND = re.compile(
    r"(`(?:sudo )?|\bsudo |\(or |\bor )ravatard(?= [a-z-])|"
    r"^(sudo )?ravatard(?= (?:config|devices|doctor|end-sessions|meter|page|status|unmute)\b)"
)
#: Narrower than that, a continued line is indented little.
_ROOM = 30
_LITTLE = 4


def is_capable(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Return True if ``stream`` is a terminal that understands escape sequences."""
    return stream.isatty() and environ.get("TERM") != "dumb"


def takes_colour(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Return True if colours and bold may be used on ``stream``; respects NO_COLOR (no-color.org)."""
    return is_capable(stream, environ) and not environ.get("NO_COLOR")


def columns_of(stream: TextIO, environ: Mapping[str, str] = os.environ) -> int:
    """Return the width of the terminal ``stream``; 0, lines are not wrapped, without a terminal."""
    return shutil.get_terminal_size().columns if is_capable(stream, environ) else 0


def wrapped(first: str, text: str, columns: int) -> str:
    """Return ``text`` after ``first``, wrapped between words at ``columns`` (0: not at all).

    Lines that go on begin below the text; in a narrow terminal, further to the left.
    """
    if not columns or cells(first) + cells(text) <= columns:
        return first + text
    indent = cells(first) if columns - cells(first) >= _ROOM else _LITTLE
    lines, begun = [first], False
    for word in text.split():
        line = f"{lines[-1]} {word}" if begun else lines[-1] + word
        if cells(line) <= columns:
            lines[-1] = line
        else:
            lines.append(" " * indent + word)
        begun = True
    return "\n".join(line.rstrip() for line in lines)


def visible(text: str, *, lines: bool = False) -> str:
    """Return ``text`` without control characters; white space of any kind becomes single blanks.

    Args:
        text: from the service, a file, the network.
        lines: keep the ends of lines; empty lines and blanks around lines are removed.
    """
    if lines:
        return "\n".join(line for line in map(visible, text.splitlines()) if line)
    return " ".join(harmless(" ".join(text.split())).split())


def harmless(text: str) -> str:
    """Return ``text`` without control characters; blanks and ends of lines stay."""
    return "".join(
        one
        for one in text
        if one == "\n" or (one not in _OVERRIDES and unicodedata.category(one) not in _STRIPPED)
    )


def is_text(word: str) -> bool:
    """Return True if a word of a command line, or a line of standard input, was UTF-8.

    Python keeps other bytes as halves of surrogate pairs (PEP 383), which no file of ours takes.
    """
    return all(unicodedata.category(one) != "Cs" for one in word)


def cells(text: str) -> int:
    """Return the terminal columns ``text`` takes: two for an East Asian wide character (UAX #11)."""
    return sum(_cells_of(one) for one in text)


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in _NO_CELL:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fitted(text: str, columns: int) -> str:
    """Return the beginning of ``text`` that fits into ``columns``, with an ellipsis if it is cut."""
    if cells(text) <= columns:
        return text
    return f"{head(text, columns - 1)}…" if columns > 0 else ""


def head(text: str, columns: int) -> str:
    """Return the longest beginning of ``text`` that fits into ``columns``."""
    used = 0
    for index, one in enumerate(text):
        used += _cells_of(one)
        if used > columns:
            return text[:index]
    return text


def typeable(text: str, program: str | None = None) -> str:
    """Return a text with the commands in it as they can be typed in this terminal.

    A shell does not find the program of a virtual environment that is not active by its name.

    Args:
        text: sentences with commands in backquotes or behind sudo, or one command alone.
        program: the way to type the program; None: that of the one that runs.
    """
    typed = _typed_program() if program is None else program
    if typed == "ravatard":
        return text
    return _COMMAND.sub(lambda found: f"{found[1] or found[2] or ''}{typed}", text)


@cache
def _typed_program() -> str:
    return way_to_type(Path(sys.prefix), Path.cwd(), shutil.which("ravatard"))


def way_to_type(prefix: Path, directory: Path, found: str | None) -> str:
    """Return the way to type the program of an installation.

    Args:
        prefix: the installation.
        directory: the present directory.
        found: the program that a shell finds by the name alone, of whichever installation.
    """
    program = prefix / "bin" / "ravatard"
    if found is not None or not program.exists():
        return "ravatard"
    if program.is_relative_to(directory):
        program = program.relative_to(directory)
    return shlex.quote(str(program))
