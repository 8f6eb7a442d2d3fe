"""Begins a board, or brings its drawing up to date: ``make board NAME=x``.

Writes ``hardware/boards/NAME.yaml`` from a template unless it is there, draws its wiring, and adds its row to
``hardware/README.md``. What its author must fill in is marked; ``tests/house/test_boards.py`` lists the rest.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from ravatard.config import Schema
from ravatard.config.board_file import read_board
from ravatard.config.sources import SettingSources
from tests.make_wiring import BOARDS, FOLDER, wiring

README = BOARDS.parent / "README.md"
#: In every place that only the author knows.
MARK = "FILL IN"
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

TEMPLATE = """\
# FILL IN: what is special about this board, in one line. Then delete the comments below. An example with
# sound and pixels is respeaker-2mic.yaml, one with separate parts button-rgb.yaml.
title: "FILL IN: vendor and product"

# Where each pin below comes from: the vendor's schematic, the kernel's overlay; best at a fixed commit.
sources:
  - url: https://example.com/FILL-IN
    says: "FILL IN: what that page says about button, lights and sound"

# Lines for /boot/firmware/config.txt, if any are needed: pixels on SPI, the overlay of the sound card.
#config_txt:
#  - dtparam=spi=on
#  - dtoverlay=wm8960-soundcard

driver: "FILL IN: none, or the sound card's driver on bookworm and trixie, and the name it gives the card"
pi5: "FILL IN: what is different on a Raspberry Pi 5; the pins have the same numbers"

# What an owner should know; delete it if there is nothing.
notes:
  - "FILL IN: levels, switches, makes that differ"

# Every used pin, by its GPIO number or its place on the header (pin), for the drawing; use is button, lights,
# sound or power, part draws a symbol (button, led). Those of the sound keep owners from using the same pins.
wires:
  - {gpio: 17, use: button, to: "FILL IN: button", part: button}
  - {gpio: 27, use: lights, to: "FILL IN: LED", part: led}

# Sections button, lights, pixels, microphone, speaker and capture; config/ravatard.yaml explains the keys.
settings:
  button:
    pin: 17
  lights:
    kind: led
    pin: 27
  #pixels:
  #  count: 3
  #microphone:
  #  device: wm8960-soundcard
  #speaker:
  #  device: wm8960-soundcard
"""


class BoardError(Exception):
    """The board cannot be made or drawn; says why."""


def left_to_fill_in(name: str) -> list[str]:
    """Return ``file:line: text`` of each place that the author of a board has still to fill in."""
    found = []
    for path, only in ((BOARDS / f"{name}.yaml", ""), (README, f"`{name}`")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"FILL[ -]IN", line) and only in line:
                found.append(f"{path.relative_to(BOARDS.parents[1])}:{number}: {line.strip()}")
    return found


def make(name: str) -> list[str]:
    """Make what is missing of a board; return a sentence for each thing done.

    Raises:
        BoardError: the name is none, or the file has mistakes.
    """
    if not NAME.fullmatch(name):
        raise BoardError(
            f"NAME={name}: a board's name has small letters, digits and single hyphens, for example my-board"
        )
    path, done = BOARDS / f"{name}.yaml", []
    if not path.exists():
        path.write_text(TEMPLATE, encoding="utf-8")
        done.append(f"{_shown(path)} is a template")
    sources = SettingSources(Schema())
    board = read_board(path, sources)
    if board is None or sources.problems:
        raise BoardError("\n".join(map(str, sources.problems)))
    (FOLDER / f"{name}.svg").write_text(wiring(board), encoding="utf-8")
    done.append(f"{_shown(FOLDER / f'{name}.svg')} is drawn")
    text = README.read_text(encoding="utf-8")
    if f"| `{name}` |" not in text:
        README.write_text(_with_row(text, name), encoding="utf-8")
        done.append(f"{_shown(README)} has a row for it")
    return done


def _with_row(text: str, name: str) -> str:
    """Return the README with a row for the board at the end of the table of boards."""
    rows = list(re.finditer(r"^\| `[a-z0-9-]+` \|.*\n", text, re.M))
    row = f"| `{name}` | {MARK} | {MARK} | {MARK} | {MARK} | [drawing](wiring/{name}.svg) |\n"
    return f"{text[: rows[-1].end()]}{row}{text[rows[-1].end() :]}"


def _shown(path: Path) -> str:
    return str(path.relative_to(BOARDS.parents[1]))


def main(name: str) -> int:
    """Make the board; returns the exit status."""
    try:
        said = make(name)
    except BoardError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if left := left_to_fill_in(name):
        said.append(f"To fill in, then `make board NAME={name}` again, which draws it anew:")
        said += [f"  {line}" for line in left]
    sys.stdout.write("".join(f"{line}\n" for line in said))
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
