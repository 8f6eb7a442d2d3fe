"""Draws ``ravatard demo`` as it is seen in a terminal: ``python -m tests.make_demo_picture``.

The demo really runs, in a pseudo-terminal; what it prints, and when, becomes ``hardware/demo.svg``, which
moves in a browser. It needs half a minute, and differs a little each time.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path

PICTURE = Path(__file__).parents[1] / "hardware" / "demo.svg"

COLUMNS, ROWS = 80, 20
_WIDTH, _LINE, _LEFT, _TOP = 760, 19, 18, 48
#: Seconds that the end stays before it begins again.
_STAYS_S = 6.0
#: Seconds that the typed command stands alone.
_TYPED_S = 1.0
_INK, _PAPER = "#d8dee6", "#171b21"
_COLOUR = re.compile(r"\x1b\[(?:38;2;(\d+);(\d+);(\d+)|0)?m")
_OTHER_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Line:
    """A line of a terminal, and when it was whole, in seconds since the start."""

    at: float
    text: str


def record(command: list[str]) -> list[Line]:
    """Run ``command`` in a terminal of its own; return its lines.

    Raises:
        RuntimeError: it failed.
    """
    ours, theirs = pty.openpty()
    environ = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environ.pop("NO_COLOR", None)
    begun, text, lines = time.monotonic(), "", []
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ) as program:
        os.close(theirs)
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # EIO: the program has closed its end
                break
            if not piece:
                break
            text += piece.decode(errors="replace")
            *whole, text = text.split("\n")
            lines += [Line(time.monotonic() - begun, one.rstrip("\r")) for one in whole]
    os.close(ours)
    if program.returncode != 0:
        raise RuntimeError(f"{command} ended with status {program.returncode}")
    return lines


def draw(title: str, command: str, lines: list[Line]) -> str:
    """Return the picture: a window in which ``command`` is typed, and ``lines`` appear at their times."""
    shown = [Line(0.0, f"$ {command}"), *(Line(line.at + _TYPED_S, line.text) for line in lines)]
    whole_s = shown[-1].at + _STAYS_S
    moments = [round(100 * line.at / whole_s, 2) for line in shown]
    height = _TOP + ROWS * _LINE + 14
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13">',
        f"<title>{escape(title)}</title>",
        f"<style>{_style(moments, whole_s)}</style>",
        f'<rect width="{_WIDTH}" height="{height}" rx="8" fill="{_PAPER}"/>',
        *(f'<circle cx="{20 + 18 * i}" cy="18" r="5" fill="#3a424d"/>' for i in range(3)),
        f'<text x="{_WIDTH // 2}" y="22" text-anchor="middle" fill="#8a95a3">{escape(title)}</text>',
        f'<svg x="0" y="{_TOP - _LINE}" width="{_WIDTH}" height="{ROWS * _LINE + 6}">',
        f'<g class="all" fill="{_INK}">',
        *(_row(number, line, moments[number]) for number, line in enumerate(shown)),
        "</g></svg></svg>",
        "",
    ]
    return "\n".join(parts)


def _style(moments: list[float], whole_s: float) -> str:
    """Return the rules: each line appears at its moment, in percent, and the window follows.

    A viewer who wants no motion sees the end.
    """
    timing = f"{whole_s:.1f}s step-end infinite"
    frames, follow = [], ["0%{transform:none}"]
    for moment in sorted(set(moments)):
        frames.append(f"@keyframes {_name(moment)}{{0%{{opacity:0}}{moment}%{{opacity:1}}}}")
        if (count := sum(one <= moment for one in moments)) > ROWS:
            follow.append(f"{moment}%{{transform:translateY(-{(count - ROWS) * _LINE}px)}}")
    return (
        f".all{{transform:translateY(-{max(0, len(moments) - ROWS) * _LINE}px)}}"
        "@media (prefers-reduced-motion:no-preference){"
        f".all{{animation:follow {timing}}}.all text{{animation:{timing}}}"
        + "".join(f".all .{_name(one)}{{animation-name:{_name(one)}}}" for one in sorted(set(moments)))
        + "}"
        + "".join(frames)
        + f"@keyframes follow{{{''.join(follow)}}}"
    )


def _name(moment: float) -> str:
    return f"t{moment:.2f}".replace(".", "_")


def _row(number: int, line: Line, moment: float) -> str:
    y = _LINE * (number + 1) - 5
    return (
        f'<text class="{_name(moment)}" x="{_LEFT}" y="{y}" xml:space="preserve">{_spans(line.text)}</text>'
    )


def _spans(text: str) -> str:
    """Return ``text`` as SVG, its true colours kept and every other escape sequence left out."""
    spans, colour, rest = [], "", text
    while rest:
        found = _COLOUR.search(rest)
        piece, rest = (rest[: found.start()], rest[found.end() :]) if found else (rest, "")
        piece = escape(_OTHER_ESCAPE.sub("", piece))
        if piece:
            spans.append(f'<tspan fill="{colour}">{piece}</tspan>' if colour else piece)
        if found:
            colour = "" if found[1] is None else f"#{int(found[1]):02x}{int(found[2]):02x}{int(found[3]):02x}"
    return "".join(spans)


def main() -> int:
    """Record the demo and draw it."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "answers.wav"
        lines = record([sys.executable, "-m", "ravatard", "demo", "--record-speaker", str(wav)])
        machine = re.compile(rf"{re.escape(folder)}/|{re.escape(tempfile.gettempdir())}/ravatard-demo-[^/]+/")
        lines = [Line(line.at, machine.sub("", line.text)) for line in lines]
    PICTURE.write_text(draw("make demo", "make demo", lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
