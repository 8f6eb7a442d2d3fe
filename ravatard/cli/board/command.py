"""``ravatard board``: lists boards, shows the settings and wiring of one, and tests yours."""

from __future__ import annotations

import argparse
import os
import shlex

from ravatard.cli.options import add_config, add_socket
from ravatard.config import DEFAULT_PATH, ConfigErrors, Schema
from ravatard.config.board_file import Board, read_board
from ravatard.config.boards import Boards, about_unknown, boards_beside
from ravatard.config.document import Node, Scalar, Sequence
from ravatard.config.problems import Problem, SettingOrigin
from ravatard.config.sources import SettingSources
from ravatard.devices.panel.header import CARRIES

#: A longer time was meant in milliseconds.
_LONGEST_S = 600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``list``, ``show`` and ``test``."""
    what = parser.add_subparsers(dest="what", required=True, metavar="{list,show,test}")
    listing = what.add_parser("list", help="list the boards, your own included")
    show = what.add_parser("show", help="show the settings, wiring and sources of a board")
    show.add_argument("name", metavar="NAME", help="a board of the list, or the path of a file")
    test = what.add_parser("test", help="show every state with the lights, and report button presses")
    test.add_argument("name", metavar="NAME", nargs="?", help="test this board instead of the configured one")
    test.add_argument("--once", action="store_true", help="stop after one round instead of at Ctrl-C")
    test.add_argument(
        "--seconds",
        type=positive_seconds,
        default=3.0,
        metavar="S",
        help="show each state for S seconds (default: 3)",
    )
    add_socket(test)
    for each in (listing, show, test):
        add_config(each)


def positive_seconds(text: str) -> float:
    """Parse ``--seconds``: a number above 0, at most 600."""
    seconds = float(text)
    if not 0 < seconds <= _LONGEST_S:
        raise ValueError
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Run the sub-command that was given.

    Raises:
        ConfigErrors: no board has this name, or its file is wrong.
    """
    if arguments.what == "test":
        # A list needs neither asyncio nor the pins.
        from ravatard.cli.board.trial import run_trial

        return run_trial(arguments, os.environ)
    boards = boards_beside(arguments.config or DEFAULT_PATH)
    if arguments.what == "list":
        print("\n".join(_listed(boards)))
    else:
        print("\n".join(_shown(_read(arguments.name, boards))))
    return 0


def _read(name: str, boards: Boards) -> Board:
    path = boards.find(name)
    gathering = SettingSources(Schema())
    if path is None:
        raise ConfigErrors([Problem(SettingOrigin(), "", about_unknown(name, boards))])
    board = read_board(path, gathering)
    if board is None:
        raise ConfigErrors(gathering.problems)
    return board


def _listed(boards: Boards) -> list[str]:
    rows = []
    for name, path in boards.files().items():
        try:
            title = _read(name, boards).about.title
        except ConfigErrors:
            title = f"cannot be used; `ravatard board show {shlex.quote(name)}` says why"
        rows.append((name, title if path.parent != boards.own else f"{title or 'no title'} ({path})"))
    width = max((len(name) for name, _ in rows), default=0)
    return [f"{name:{width}}  {title}".rstrip() for name, title in rows]


def _shown(board: Board) -> list[str]:
    about = board.about
    lines = [about.title or board.name, "", "In the configuration:", "", f"board: {board.name}"]
    lines += ["", "which is the same as", ""]
    section = ""
    for key, node, _ in board.settings:
        if key.section != section:
            section = key.section
            lines.append(f"{section}:")
        lines.append(f"  {key.name}: {_written(node)}")
    if about.config_txt:
        lines += ["", "In /boot/firmware/config.txt:", "", *about.config_txt]
    for name, text in (("Sound driver", about.driver), ("Raspberry Pi 5", about.pi5)):
        lines += ["", f"{name}: {text}"] if text else []
    lines += ["", *(f"* {note}" for note in about.notes)] if about.notes else []
    if about.wires:
        lines += ["", "Pins of the header:", ""]
        for wire in sorted(about.wires, key=lambda wire: wire.place):
            lines.append(f"  {wire.place:2}  {CARRIES[wire.place]:6}  {wire.to}")
    if about.sources:
        lines += ["", "Where this is from:", ""]
        for source in about.sources:
            lines += [f"  {source.url}", f"    {source.says}"]
    return lines


def _written(node: Node) -> str:
    if isinstance(node, Sequence):
        return f"[{', '.join(map(_written, node.items))}]"
    return node.text if isinstance(node, Scalar) else ""
