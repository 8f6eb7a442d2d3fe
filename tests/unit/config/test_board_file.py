"""One board's file: all that can be wrong with it, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.config import Schema
from ravatard.config.board_file import Board, read_board
from ravatard.config.sources import SettingSources


def reading(tmp_path: Path, text: str) -> tuple[Board | None, list[str]]:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    sources = SettingSources(Schema())
    board = read_board(path, sources)
    return board, [str(problem).removeprefix(f"{path}") for problem in sources.problems]


def test_settings_alone_make_a_board(tmp_path: Path) -> None:
    board, problems = reading(tmp_path, "settings:\n  button:\n    pin: 17\n    pull_up: true\n")

    assert problems == []
    assert board is not None
    assert (board.name, board.about.title) == ("mine", "")
    assert [(key.dotted, line) for key, _, line in board.settings] == [
        ("button.pin", 3),
        ("button.pull_up", 4),
    ]


def test_a_description_is_read_with_its_wires_and_sources(tmp_path: Path) -> None:
    text = (
        "title: Mine\nnotes: [one, two]\nsources:\n  - {url: 'https://a.example', says: it}\n"
        "wires:\n  - {gpio: 17, use: button, to: a button, part: button}\n"
        "  - {pin: 9, use: power, to: ground}\n"
    )

    board, problems = reading(tmp_path, text)

    assert problems == []
    assert board is not None
    assert (board.about.title, board.about.notes) == ("Mine", ("one", "two"))
    assert [(wire.place, wire.use) for wire in board.wires] == [(11, "button"), (9, "power")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ": found no board; write settings: and sections below it"),
        ("- a\n", ": found no board; write settings: and sections below it"),
        ("settings: [\n", ":2: not valid YAML: "),
        ("settings: 5\n", ":1: settings: found no sections, such as button:, indented below it"),
        ("settings:\n  button: 17\n", ":2: settings.button: found no keys, indented below it"),
        (
            "settings:\n  button:\n    pin: 99\n",
            ":3: button.pin: found '99'; allowed: a whole number from 0 to 53",
        ),
        ("settings:\n  button:\n    pen: 9\n", ":3: button.pen: unknown key; did you mean button.pin"),
        (
            "settings:\n  service:\n    avatar: a\n",
            ":2: settings.'service': a board may set button, lights, pixels, ",
        ),
        ("titel: a\n", ":1: object contains unknown field `titel`; a board has settings, title, "),
        ("title: [a]\n", ":1: expected `str`, got `array` - at `$.title`"),
        ("wires:\n  - {gpio: 17, to: x}\n", ":1: object missing required field `use`"),
        ("wires:\n  - {gpio: 17, use: fun, to: x}\n", ":1: invalid enum value 'fun'"),
        ("wires:\n  - {use: sound, to: x}\n", ":1: wires: 'x' needs gpio or pin, and only one of them"),
        ("wires:\n  - {gpio: 1, pin: 1, use: sound, to: x}\n", ":1: wires: 'x' needs gpio or pin"),
        ("wires:\n  - {gpio: 28, use: sound, to: x}\n", ":1: wires: GPIO 28 is not on the header"),
        ("wires:\n  - {pin: 41, use: sound, to: x}\n", ":1: wires: pin 41 is not on the header"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    board, problems = reading(tmp_path, text)

    assert board is None
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_a_file_that_cannot_be_read_is_told_so(tmp_path: Path) -> None:
    sources = SettingSources(Schema())

    assert read_board(tmp_path, sources) is None
    assert [str(problem) for problem in sources.problems] == [f"{tmp_path}: cannot be read: Is a directory"]
