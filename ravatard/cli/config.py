"""``ravatard config``: checks, shows and migrates the configuration, and prints its annotated reference."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from ravatard.config import DEFAULT_PATH, Loaded, Schema, load, reference
from ravatard.config.board_file import Board
from ravatard.config.schema import Key
from ravatard.host.credentials import with_credentials
from ravatard.secret import MASK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``check``, ``show``, ``reference`` and ``migrate``."""
    what = parser.add_subparsers(dest="what", required=True)
    check = what.add_parser("check", help="report every mistake; exit status 78 if there is one")
    show = what.add_parser("show", help="show every setting in effect with its origin, secrets masked")
    what.add_parser("reference", help="print the annotated reference file")
    migrate = what.add_parser("migrate", help="rewrite files of an older version, and keep backups")
    for parser_with_file in (check, show, migrate):
        parser_with_file.add_argument(
            "--config", type=Path, metavar="PATH", help=f"the file to read instead of {DEFAULT_PATH}"
        )
    show.add_argument("--json", action="store_true", help="for programs instead of people")


def run(arguments: argparse.Namespace) -> int:
    """Run the sub-command that was given.

    Raises:
        ConfigErrors: the configuration is wrong; ``main`` shows it and exits with 78.
    """
    if arguments.what == "reference":
        print(reference(), end="")
        return 0
    if arguments.what == "migrate":
        # Only this one writes.
        from ravatard.cli.config_migrate import migrate

        print("\n".join(migrate(arguments.config or DEFAULT_PATH, os.environ)))
        return 0
    loaded = load(arguments.config, with_credentials(os.environ))
    if arguments.what == "check":
        print(f"configuration is good: {_count(loaded)} read")
    elif arguments.json:
        print(json.dumps(_for_programs(loaded), indent=2))
    else:
        print("\n".join(_for_people(loaded)))
    return 0


def _count(loaded: Loaded) -> str:
    return "1 file" if len(loaded.files) == 1 else f"{len(loaded.files)} files"


def _value(loaded: Loaded, key: Key) -> Any:
    """Return the value in effect, masked if it is a secret."""
    value = getattr(getattr(loaded.options, key.section), key.name)
    return MASK if key.secret and value is not None else value


def _for_programs(loaded: Loaded) -> dict[str, Any]:
    board = {} if loaded.board is None else {"board": _board(loaded.board)}
    return board | {
        section: {
            key.name: {
                "value": _value(loaded, key),
                "unit": key.setting.unit,
                "origin": str(loaded.origins[key.dotted]),
            }
            for key in Schema().keys.values()
            if key.section == section
        }
        for section in Schema().sections
    }


def _board(board: Board) -> dict[str, Any]:
    return {"value": board.name, "unit": "", "origin": str(board.path)}


def _for_people(loaded: Loaded) -> list[str]:
    rows = [
        (key.dotted, _in_words(_value(loaded, key), key.setting.unit), str(loaded.origins[key.dotted]))
        for key in Schema().keys.values()
    ]
    if loaded.board is not None:
        rows.insert(0, ("board", loaded.board.name, str(loaded.board.path)))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"{name:{widths[0]}}  {value:{widths[1]}}  {origin}" for name, value, origin in rows]


def _in_words(value: object, unit: str) -> str:
    if value is None:
        return "(unset)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return f"{value} {unit}".rstrip()
