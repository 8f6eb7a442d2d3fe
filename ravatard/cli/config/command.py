"""``ravatard config``: checks, shows, changes and migrates the configuration, and prints its reference."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from ravatard.cli.config import values
from ravatard.cli.config.check import add_check, check
from ravatard.cli.config.diff import add_diff, diff
from ravatard.cli.json_output import json_document
from ravatard.cli.options import add_config, add_json
from ravatard.config import DEFAULT_PATH, Loaded, Schema, load
from ravatard.config.board_file import Board
from ravatard.config.saved.layer import hidden, saved_file
from ravatard.config.schema import Key, value_of
from ravatard.exit_status import in_help
from ravatard.host.credentials import with_credentials
from ravatard.secret import MASK

_VALUES = {"check": check, "get": values.get, "set": values.set_value, "unset": values.unset, "diff": diff}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    names = "{check,show,get,set,unset,diff,edit,reference,migrate}"
    what = parser.add_subparsers(dest="what", required=True, metavar=names)
    add_check(_command(what, "check", "report every mistake, and what is probably not meant"))
    show = _command(what, "show", "show every setting in effect and where it is set, with secrets masked")
    values.add_get(_command(what, "get", "print one setting in effect"))
    values.add_set(
        _command(what, "set", "save settings as the page does, in a layer of their own above the files")
    )
    values.add_unset(_command(what, "unset", "take saved settings away, so that the files hold again"))
    add_diff(_command(what, "diff", "show what changed since an older configuration, and what it needs"))
    edit = _command(what, "edit", "edit a copy of the file, and install it once it has no mistake")
    edit.epilog = f"Uses $SUDO_EDITOR, $VISUAL or $EDITOR. {in_help('config edit')}"
    _command(what, "reference", "print a file with every setting and its explanation")
    migrate = _command(what, "migrate", "rewrite files of an older version, and keep backups")
    for parser_with_file in (show, edit, migrate):
        add_config(parser_with_file)
    migrate.add_argument(
        "--beside", action="store_true", help="write the new form beside each file, and change none"
    )
    add_json(show)


def _command(what: Any, name: str, line: str) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = what.add_parser(
        name, help=line, description=f"{line[0].upper()}{line[1:]}."
    )
    return added


def run(arguments: argparse.Namespace) -> int:
    """Run the sub-command that was given.

    Raises:
        ConfigErrors: the configuration is wrong; ``main`` shows it and exits with 78.
    """
    if arguments.what == "reference":
        from ravatard.config.reference import reference

        print(reference(), end="")
        return 0
    if arguments.what == "migrate":
        # Only this one writes.
        from ravatard.cli.config.migrate import migrate, propose

        change = propose if arguments.beside else migrate
        print("\n".join(change(arguments.config or DEFAULT_PATH, os.environ)))
        return 0
    if arguments.what == "edit":
        from ravatard.cli.config.edit import edit

        return edit(arguments.config or DEFAULT_PATH, os.environ)
    if (run_value := _VALUES.get(arguments.what)) is not None:
        return run_value(arguments)
    loaded = load(arguments.config, with_credentials(os.environ), saved=saved_file(os.environ))
    if hidden(os.environ):
        print(f"ravatard: {values.HIDDEN}", file=sys.stderr)
    if arguments.json:
        print(json_document(_for_programs(loaded)))
    else:
        print("\n".join(_for_people(loaded)))
    return 0


def _value(loaded: Loaded, key: Key) -> Any:
    """Return the value in effect, masked if it is a secret."""
    value = value_of(loaded.options, key)
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
