"""Draws each board's header and what hangs on it: ``python -m tests.make_wiring``.

A test compares what is drawn with what lies in ``hardware/wiring/``.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from ravatard.config import Schema
from ravatard.config.board_file import Board, Wiring, read_board
from ravatard.config.sources import SettingSources
from ravatard.devices.panel.header import CARRIES, PINS

BOARDS = Path(__file__).parents[1] / "hardware" / "boards"
FOLDER = BOARDS.parent / "wiring"

COLOURS = {"button": "#1f7a3d", "lights": "#b7791f", "sound": "#2b6cb0", "power": "#444b57"}
WORDS = {
    "button": "button",
    "lights": "lights",
    "sound": "sound (not yours to use)",
    "power": "ground and power",
}
_FREE = "#c3cad4"

_WIDTH, _MIDDLE, _TOP, _ROW = 980, 490, 84, 25
_HEIGHT = _TOP + _ROW * (PINS // 2) + 58


def load_board(path: Path) -> Board:
    """The board in ``path``, which must be in order."""
    gathering = SettingSources(Schema())
    board = read_board(path, gathering)
    assert board is not None, gathering.problems
    return board


def wiring(board: Board) -> str:
    """The 40-pin header as one looks at it with pin 1 at the top left, and what each used pin carries."""
    wires = {wire.place: wire for wire in board.wires}
    middle = _TOP + _ROW * (PINS // 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="8" fill="#f4f6f9"/>',
        f'<text x="{_MIDDLE}" y="30" text-anchor="middle" font-size="17" font-weight="bold">'
        f"{escape(board.about.title)}</text>",
        f'<text x="{_MIDDLE}" y="52" text-anchor="middle" font-size="12" fill="#475060">'
        "the header from above, pin 1 at the corner of the Raspberry Pi</text>",
        f'<rect x="{_MIDDLE - 30}" y="{_TOP - 14}" width="60" height="{middle - _TOP + 4}" rx="6" '
        'fill="#20242b"/>',
        *(_pin(number, wires.get(number)) for number in range(1, PINS + 1)),
        _legend(_HEIGHT - 24, {wire.use for wire in board.wires}),
        "</svg>",
        "",
    ]
    return "\n".join(parts)


def _pin(number: int, wire: Wiring | None) -> str:
    left = number % 2 == 1
    side = -1 if left else 1
    x, y = _MIDDLE + side * 14, _TOP + _ROW * ((number - 1) // 2)
    colour = COLOURS[wire.use] if wire else _FREE
    shape = (
        f'<rect x="{x - 9}" y="{y - 9}" width="18" height="18" fill="{colour}"/>'
        if number == 1
        else f'<circle cx="{x}" cy="{y}" r="9" fill="{colour}"/>'
    )
    ink = "#ffffff" if wire else "#20242b"
    dot = f'{shape}<text x="{x}" y="{y + 4}" text-anchor="middle" font-size="10" fill="{ink}">{number}</text>'
    name_x = _MIDDLE + side * 40
    anchor = "end" if left else "start"
    name = (
        f'<text x="{name_x}" y="{y + 4}" text-anchor="{anchor}" font-size="12" '
        f'fill="{colour if wire else "#9aa3ad"}">{CARRIES[number]}</text>'
    )
    return dot + name + (_lead(wire, y, side, colour) if wire else "")


def _lead(wire: Wiring, y: int, side: int, colour: str) -> str:
    """The line from a pin's name to what hangs on it, the part itself, and its words."""
    start, end = _MIDDLE + side * 92, _MIDDLE + side * (190 if wire.part != "none" else 122)
    drawn = f'<line x1="{start}" y1="{y}" x2="{end}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
    drawn += {"button": _button, "led": _led}.get(wire.part, _nothing)(start + side * 20, y, side, colour)
    return (
        f'{drawn}<text x="{end + side * 8}" y="{y + 4}" text-anchor="{"end" if side < 0 else "start"}">'
        f"{escape(wire.to)}</text>"
    )


def _nothing(_x: int, _y: int, _side: int, _colour: str) -> str:
    return ""


def _button(x: int, y: int, side: int, colour: str) -> str:
    """A switch that is open: two contacts and a bar above them."""
    far = x + side * 34
    return (
        f'<line x1="{x}" y1="{y}" x2="{far}" y2="{y}" stroke="#f4f6f9" stroke-width="4"/>'
        f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'
        f'<circle cx="{far}" cy="{y}" r="3" fill="{colour}"/>'
        f'<line x1="{x}" y1="{y - 7}" x2="{far}" y2="{y - 7}" stroke="{colour}" stroke-width="2"/>'
        f'<line x1="{(x + far) // 2}" y1="{y - 7}" x2="{(x + far) // 2}" y2="{y - 11}" stroke="{colour}" '
        'stroke-width="2"/>'
    )


def _led(x: int, y: int, side: int, colour: str) -> str:
    """A resistor, then a diode that lets current through away from the pin."""
    box = min(x, x + side * 26)
    diode = x + side * 42
    bar = diode + side * 11
    return (
        f'<rect x="{box}" y="{y - 5}" width="26" height="10" fill="#ffffff" stroke="{colour}" '
        'stroke-width="2"/>'
        f'<path d="M{diode},{y - 6} L{diode},{y + 6} L{bar},{y} z" fill="{colour}"/>'
        f'<line x1="{bar}" y1="{y - 6}" x2="{bar}" y2="{y + 6}" stroke="{colour}" '
        'stroke-width="2"/>'
    )


def _legend(y: int, uses: set[str]) -> str:
    shown = [use for use in COLOURS if use in uses]
    step = 190
    x = _MIDDLE - step * len(shown) // 2 + 20
    return "".join(
        f'<circle cx="{x + step * index}" cy="{y}" r="7" fill="{COLOURS[use]}"/>'
        f'<text x="{x + step * index + 14}" y="{y + 4}">{WORDS[use]}</text>'
        for index, use in enumerate(shown)
    )


def main() -> None:
    """Draw them all."""
    FOLDER.mkdir(exist_ok=True)
    for path in sorted(BOARDS.glob("*.yaml")):
        (FOLDER / f"{path.stem}.svg").write_text(wiring(load_board(path)), encoding="utf-8")


if __name__ == "__main__":
    main()
