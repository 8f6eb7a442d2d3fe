"""``ravatard config``: checks, shows, changes and migrates the configuration, and prints its reference."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ravatard.cli.config import values
from ravatard.cli.config.diff import add_diff, diff
from ravatard.cli.options import add_config, add_json
from ravatard.cli.terminal import typeable, visible
from ravatard.config import DEFAULT_PATH, Loaded, Schema, load
from ravatard.config.advice import advice
from ravatard.config.board_file import Board
from ravatard.config.saved.layer import hidden, saved_file
from ravatard.config.schema import Key, value_of
from ravatard.errors import ConfigError, DeviceError
from ravatard.host.credentials import may_be_sealed, with_credentials
from ravatard.secret import MASK

_VALUES = {"get": values.get, "set": values.set_value, "unset": values.unset, "diff": diff}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands."""
    names = "{check,show,get,set,unset,diff,edit,reference,migrate}"
    what = parser.add_subparsers(dest="what", required=True, metavar=names)
    check = what.add_parser(
        "check",
        help="report every mistake, and what is probably not meant",
        description="Report every mistake, and what is probably not meant.",
        epilog="Exit status: 0 if it can be used, also with warnings; 78 if there is a mistake.",
    )
    show = _command(what, "show", "show every setting in effect and where it is set, with secrets masked")
    values.add_get(_command(what, "get", "print one setting in effect"))
    values.add_set(
        _command(what, "set", "save settings as the page does, in a layer of their own above the files")
    )
    values.add_unset(_command(what, "unset", "take saved settings away, so that the files hold again"))
    add_diff(_command(what, "diff", "show what changed since an older configuration, and what it needs"))
    edit = _command(what, "edit", "edit a copy of the file, and install it once it has no mistake")
    edit.epilog = (
        "Uses $SUDO_EDITOR, $VISUAL or $EDITOR. Exit status: 78 if mistakes were left and discarded."
    )
    _command(what, "reference", "print a file with every setting and its explanation")
    migrate = _command(what, "migrate", "rewrite files of an older version, and keep backups")
    for parser_with_file in (check, show, edit, migrate):
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
    if arguments.what == "check":
        print("\n".join(_verdict(loaded, arguments.config or DEFAULT_PATH)))
        return 0
    if hidden(os.environ):
        print(f"ravatard: {values.HIDDEN}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(_for_programs(loaded), indent=2))
    else:
        print("\n".join(_for_people(loaded)))
    return 0


def _verdict(loaded: Loaded, main: Path) -> Iterator[str]:
    """Yield the verdict on a configuration without mistakes, and a line for each warning."""
    warnings = [
        *advice(loaded, main, sealed=may_be_sealed(os.environ)),
        *_about_texts(loaded),
        *_about_design(loaded),
        *_about_wakeword(loaded, main),
        *_about_page(loaded),
    ]
    if not warnings:
        yield f"configuration is good: {_count(loaded)} read"
        return
    plural = "s" if len(warnings) > 1 else ""
    yield f"configuration can be used, with {len(warnings)} warning{plural}: {_count(loaded)} read"
    yield from (f"warning: {visible(typeable(one))}" for one in warnings)


@contextmanager
def _noting_mistakes(*, served: bool) -> Iterator[list[str]]:
    """Collect the mistakes of an owner's files for the kiosk's page, one sentence each.

    Raises:
        ConfigError: the page is ``served``; with these files the daemon would not start.
    """
    mistakes: list[str] = []
    try:
        yield mistakes
    except ConfigError as error:
        if served:
            raise
        mistakes += str(error).splitlines()


def _about_texts(loaded: Loaded) -> Iterator[str]:
    """Yield what is wrong with the owner's texts of a page that is not served.

    Raises:
        ConfigError: the page is served; with these texts the daemon would not start.
    """
    kiosk = loaded.options.kiosk
    if kiosk.texts is None:
        return
    # Few have texts of their own.
    from ravatard.web.kiosk.texts import read_texts

    with _noting_mistakes(served=kiosk.enabled) as mistakes:
        read_texts(loaded.options.service.language, kiosk.texts, kiosk.contact)
        for file in sorted(Path(kiosk.texts).glob("*.yaml")):
            # Also those of languages that are not chosen now.
            read_texts(file.stem, kiosk.texts)
    yield from mistakes


def _about_page(loaded: Loaded) -> Iterator[str]:
    """Yield why a page for the local network is served to this machine only; the daemon starts so."""
    if loaded.options.page.listen != "lan" or hidden(os.environ):
        # Only root sees whether there is one.
        return
    # Few have it.
    from ravatard.assembly.page import lan_refusal
    from ravatard.host.page.access_file import StateAccessFile
    from ravatard.host.state import state_directory

    if refusal := lan_refusal(loaded.options, StateAccessFile(state_directory(os.environ))):
        yield f"the page is served to this machine only: {refusal}"


def _about_design(loaded: Loaded) -> Iterator[str]:
    """Yield what is wrong with the owner's design of a page that is not served.

    Raises:
        ConfigError: the page is served; with this design the daemon would not start.
    """
    kiosk = loaded.options.kiosk
    if kiosk.design is None:
        return
    # Few have a design of their own.
    from ravatard.web.kiosk.design import read_design

    with _noting_mistakes(served=kiosk.enabled) as mistakes:
        read_design(kiosk.design)
    yield from mistakes


def _about_wakeword(loaded: Loaded, main: Path) -> Iterator[str]:
    """Yield why the wake word cannot be recognised, if the gate waits for it."""
    if not loaded.options.gate.takes_word:
        return
    # Few have a wake word.
    from ravatard.devices.microphone.wakeword.trial import find_and_try

    try:
        find_and_try(loaded.options.wakeword, main.parent, os.environ)
    except DeviceError as error:
        yield f"no wake word: {error}; without it the button opens the gate, or else any voice"


def _count(loaded: Loaded) -> str:
    return "1 file" if len(loaded.files) == 1 else f"{len(loaded.files)} files"


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
