"""Table of destinations as text of at most 100 columns, to be sent to a network's administrator."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence

from ravatard import __version__
from ravatard.cli.doctor.text import Marks
from ravatard.cli.terminal import cells, typeable, visible
from ravatard.cloud.proxy import named
from ravatard.doctor.machine import Machine
from ravatard.doctor.network.destination import Destination, Outcome, State
from ravatard.doctor.network.plan import is_here
from ravatard.host.page.names import own_addresses

WIDTH = 100
#: Columns: a sign, the host, the port, the way, versions of IP, the purpose, the result.
_HOST, _PORT, _WAY, _IP, _PURPOSE = 34, 9, 6, 4, 27
_HEADS = ("host", "port", "way", "IP", "for", "result")
_FINE, _WARNING, _BROKEN, _UNKNOWN, _NOTHING = range(5)
#: ECMA-48, select graphic rendition.
_COLOURS = {_FINE: "32", _WARNING: "33", _BROKEN: "1;31", _UNKNOWN: "35", _NOTHING: "2"}
_DIM, _BOLD = "2", "1"
_RULE = re.compile(r"\b(TCP|UDP) (?=\d)")
_NO_BREAK = "\N{NO-BREAK SPACE}"


def heading(machine: Machine, notes: Sequence[str], clean: Callable[[str], str]) -> Iterator[str]:
    """Yield whose table it is, and what makes it doubtful.

    Args:
        machine: this machine.
        notes: sentences about what could not be found out.
        clean: takes secrets out of a text.
    """
    name = visible(machine.text("/etc/hostname") or "") or "this machine"
    address = f" ({', '.join(found)})" if (found := own_addresses()) else ""
    yield f"Network of {name}{address}, ravatard {__version__}, {machine.now():%Y-%m-%d %H:%M} UTC"
    for note in notes:
        yield from textwrap.wrap(visible(clean(note)), WIDTH, subsequent_indent="  ")


class Table:
    """Formats destinations, one row or two a destination."""

    def __init__(self, marks: Marks, clean: Callable[[str], str]) -> None:
        """``marks``: signs and colours; ``clean``: takes secrets out of a text."""
        self._marks = marks
        self._clean = clean
        self._indent = len(marks.signs[0]) + 1
        self._inbound = False

    def begin(self) -> Iterator[str]:
        """Yield the head of the table."""
        yield ""
        yield self._marks.tinted("From this machine", _BOLD)
        yield self._marks.tinted(" " * self._indent + _columns(*_HEADS), _DIM)

    def lines(self, one: Destination, outcome: Outcome) -> Iterator[str]:
        """Yield the lines of one destination."""
        if one.inbound and not self._inbound:
            self._inbound = True
            yield ""
            yield self._marks.tinted("To this machine", _BOLD)
        place = _sign(outcome)
        sign = self._marks.tinted(self._marks.signs[place], _COLOURS[place])
        host = self._shown(one.place)
        if cells(host) > _HOST:
            for line in textwrap.wrap(host, WIDTH - self._indent):
                yield f"{sign} {line}"
                sign = " " * len(self._marks.signs[0])
            host = ""
        families = "+".join(map(str, outcome.families))
        yield f"{sign} {_columns(host, one.ports, _way(one), families, one.purpose, outcome.state.word)}"
        told = [outcome.text]
        if one.proxy is not None and named(str(one.proxy)) not in outcome.text:
            told.append(f"by the proxy {one.proxy}")
        if outcome.relieved:
            told.append("another one answers")
        detail = self._shown("; ".join(part for part in told if part))
        yield from self._wrapped(detail, self._indent + 2) if detail else ()

    def end(self, advice: Sequence[str]) -> Iterator[str]:
        """Yield the sentences at the end."""
        yield ""
        for sentence in advice:
            yield from self._wrapped(self._shown(typeable(sentence)), 0)

    def _shown(self, text: str) -> str:
        return visible(self._clean(text))

    def _wrapped(self, text: str, indent: int) -> list[str]:
        blank = " " * indent
        # A port stays on one line with its transport: TCP 443.
        kept = _RULE.sub(f"\\1{_NO_BREAK}", text)
        lines = textwrap.wrap(
            kept, WIDTH, initial_indent=blank, subsequent_indent=blank or "  ", break_on_hyphens=False
        )
        return [line.replace(_NO_BREAK, " ") for line in lines]


def _columns(host: str, port: str, way: str, families: str, purpose: str, result: str) -> str:
    padded = f"{host}{' ' * (_HOST - cells(host))} {port:{_PORT}} {way:{_WAY}} {families:{_IP}}"
    return f"{padded} {purpose:{_PURPOSE}} {result}".rstrip()


def _way(one: Destination) -> str:
    if one.inbound:
        return "in"
    if is_here(one.host):
        return "local"
    return "proxy" if one.proxy is not None else "direct"


def _sign(outcome: Outcome) -> int:
    if outcome.state is State.OPEN:
        return _FINE
    if outcome.state in (State.UNKNOWN, State.UNDECIDED):
        return _UNKNOWN
    if outcome.state is State.UNTRIED:
        return _NOTHING
    return _WARNING if outcome.relieved else _BROKEN
