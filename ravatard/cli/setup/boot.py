"""``ravatard boot-setup``: takes over the settings on the boot partition; the service's unit runs it.

Exit status 0 also stands for "no settings there"; 78: refused; 1: a file cannot be written or removed.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ravatard.cli.options import add_written
from ravatard.errors import ConfigError, RavatardError
from ravatard.host.boot_file import (
    DIRECTORIES,
    DONE,
    ERRORS,
    NAME,
    BootFileError,
    BootPartition,
    find_partition,
    is_document,
)
from ravatard.host.credentials import STORE

BOARD = "board"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``boot-setup``."""
    parser.add_argument(
        "--boot",
        type=Path,
        action="append",
        metavar="DIR",
        help=f"use this folder as the boot partition (default: {', '.join(map(str, DIRECTORIES))})",
    )
    add_written(parser, STORE)


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when no settings are left to take over.

    Raises:
        ConfigError: the file is refused; a note beside it says why.
        RavatardError: a file cannot be written or removed.
    """
    boot = find_partition(arguments.boot or DIRECTORIES)
    if boot is None:
        return 0
    names = take(boot, arguments.config, arguments.credentials, dict(os.environ))
    if names:
        print(f"{boot.file}: taken over and removed: {', '.join(names)}")
    return 0


def take(boot: BootPartition, config: Path, store: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Take over the file of ``boot`` if there is one; return the names of its settings.

    Order: credentials, configuration, removal. Interrupted at any point, the next start repeats it, which
    changes nothing that is done already.

    Raises:
        ConfigError, RavatardError: see :func:`run`.
    """
    try:
        if boot.finish_removal():
            boot.write_done([f"{NAME} was taken over; its removal was interrupted, and is finished now."])
        if not boot.has_file():
            _refuse_misnamed(boot)
            return ()
        names, placeholders = _put_in_effect(boot, config, store, environ)
    except RavatardError as error:
        # The note is for an owner who has only the card; the journal has the reason as well.
        try:
            boot.write_errors(_refusal(boot, error))
        except BootFileError as unwritten:
            kind = ConfigError if isinstance(error, ConfigError) else RavatardError
            raise kind(f"{error}\n{unwritten}") from error
        raise
    boot.remove()
    boot.write_done(
        [*_done(names), *_warned(placeholders), *(_needed(boot, config, environ) if BOARD in names else ())]
    )
    return names


def _refuse_misnamed(boot: BootPartition) -> None:
    if found := boot.misnamed():
        if is_document(found):
            raise BootFileError(f"{found} is not read; save it as plain text (UTF-8), named {NAME}")
        raise BootFileError(f"{found} is not read; rename it to {NAME}")
    boot.remove_errors()


def _put_in_effect(
    boot: BootPartition, config: Path, store: Path, environ: Mapping[str, str]
) -> tuple[tuple[str, ...], list[str]]:
    """Return the names of the settings, and those whose secret is an example's placeholder."""
    # Most starts find no file and need none of these modules.
    from ravatard.cli.setup.writing import put_in_effect
    from ravatard.config.advice import is_placeholder
    from ravatard.config.candidate import read_wishes
    from ravatard.config.document import DocumentError, read

    try:
        text = read(boot.file)
    except DocumentError as error:
        raise ConfigError(error.within(boot.file)) from error
    except OSError as error:
        raise BootFileError(f"{boot.file} cannot be read: {error.strerror}") from error
    wishes = read_wishes(boot.file, text)
    put_in_effect(config, environ, wishes, store)
    placeholders = [
        name.removeprefix("ravatard.") for name, secret in wishes.secrets.items() if is_placeholder(secret)
    ]
    return wishes.names, placeholders


def _refusal(boot: BootPartition, error: RavatardError) -> list[str]:
    """Return the text of the note, without paths of this machine: the card is read in a PC."""
    problems = str(error).replace(f"{boot.directory}/", "").splitlines()
    many = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    head = f"{NAME} was not taken: {many}. The earlier settings hold."
    foot = (
        f"Mend it, save it as {NAME} (UTF-8), and start the appliance again. This file goes away by itself."
    )
    return [head, "", *problems, "", foot]


def _needed(boot: BootPartition, config: Path, environ: Mapping[str, str]) -> list[str]:
    """Return what the board needs in the firmware's ``config.txt``, which lies beside the owner's file."""
    from ravatard.cli.setup.config_txt import NAME as CONFIG_TXT
    from ravatard.cli.setup.config_txt import NotAddedError, missing_lines
    from ravatard.config import load

    board = load(config, environ).board
    if board is None or not board.about.config_txt:
        return []
    lines: Sequence[str] = board.about.config_txt
    try:
        lines = missing_lines(boot.directory / CONFIG_TXT, lines)
    except NotAddedError:
        # None here: then all of them are missing.
        pass
    if not lines:
        return []
    many = "this line" if len(lines) == 1 else f"these {len(lines)} lines"
    return [
        "",
        f"{board.name} needs {many} in {CONFIG_TXT}, and then a restart:",
        *(f"  {one}" for one in lines),
    ]


def _warned(placeholders: list[str]) -> list[str]:
    """Return the warning about secrets that are still to be written."""
    if not placeholders:
        return []
    keys = " and ".join(placeholders)
    return ["", f"Of {keys} it had an example's placeholder: put a new {NAME} here with your own."]


def _done(names: tuple[str, ...]) -> list[str]:
    return [
        f"{NAME} was taken over and removed at {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())},",
        "as this machine's clock had it; without a network it may have been wrong.",
        "",
        "Settings taken:" if names else "It set nothing.",
        *(f"  {name}" for name in names),
        "",
        f"To change something, put a new {NAME} here with only that in it. This note ({DONE}) is not read,",
        f"and you may delete it. Mistakes would be listed in {ERRORS}.",
    ]
