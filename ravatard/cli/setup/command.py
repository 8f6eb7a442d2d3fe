"""``ravatard setup``: a few questions, or a file with the answers, and the configuration is written."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from getpass import getpass
from pathlib import Path

from ravatard.cli.setup.writing import NotWritten, put_in_effect
from ravatard.config import DEFAULT_PATH, Loaded, load
from ravatard.config.candidate import Wishes, candidate, read_wishes
from ravatard.config.document import DocumentError, read
from ravatard.errors import ConfigError, RavatardError
from ravatard.host.credentials import STORE, with_credentials


class NoTerminal(RavatardError):
    """There is nobody to ask."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``setup``."""
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_PATH, metavar="FILE", help=f"default: {DEFAULT_PATH}"
    )
    parser.add_argument("--credentials", type=Path, default=STORE, metavar="DIR", help=f"default: {STORE}")
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="ask nothing; take the settings of this file, which is written like the configuration",
    )


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when everything is as it was asked for, 130 when the person left.

    Raises:
        ConfigError: the answers are wrong, or what is in effect is; nothing is written.
        NotWritten: they cannot be written.
    """
    environ = dict(os.environ)
    if arguments.answers is not None:
        wishes = _read_answers(arguments.answers)
    else:
        try:
            wishes = _ask(arguments.config, arguments.credentials, environ)
        except (EOFError, KeyboardInterrupt):
            print("\nnothing was changed")
            return 130
        if not wishes.names:
            print("nothing to change")
            return 0
    # A Ctrl-C from now on is heeded when everything is written, and not in between.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        changed = put_in_effect(arguments.config, environ, wishes, arguments.credentials)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    for path in changed:
        print(f"written: {path}")
    print("sudo systemctl restart ravatard makes the appliance use it" if changed else "nothing to change")
    return 0


def _read_answers(path: Path) -> Wishes:
    try:
        text = read(path)
    except DocumentError as error:
        where = f"{path}:{error.line}" if error.line else f"{path}"
        raise ConfigError(f"{where}: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    return read_wishes(path, text)


def _ask(config: Path, store: Path, environ: Mapping[str, str]) -> Wishes:
    # With answers in a file none of this is needed.
    from ravatard.cli.setup.dialogue import Dialogue
    from ravatard.cli.setup.environment import RealSetupEnvironment
    from ravatard.cli.setup.questions import Asker

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminal("setup asks questions in a terminal; without one, write `setup --answers FILE`")
    _refuse_unwritable(config)
    asker = Asker(input, getpass, print)
    now = _in_effect(config, store, environ)
    print("A few questions. Enter takes what is in brackets or starred; Ctrl-C leaves everything as it is.")
    dialogue = Dialogue(
        asker, RealSetupEnvironment(config, environ), now, lambda it: candidate(config, environ, it).loaded
    )
    wishes = dialogue.run()
    if wishes.names:
        print(f"To be set: {', '.join(wishes.names)}")
        if not asker.confirm("Write it?"):
            raise EOFError
    return wishes


def _refuse_unwritable(config: Path) -> None:
    """Said before the first question, not after the last."""
    there = next(folder for folder in config.absolute().parents if folder.exists())
    if not os.access(there, os.W_OK):
        raise NotWritten(f"{there} cannot be written to; run it with sudo")


def _in_effect(config: Path, store: Path, environ: Mapping[str, str]) -> Loaded:
    """What is set now, the credentials included that only the service would be given."""
    return load(None, with_credentials(environ, store), default_path=config)
