"""``ravatard setup``: writes the configuration from a few answers, asked for or read from a file."""

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
    """No terminal to ask questions in."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``setup``."""
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_PATH, metavar="FILE", help=f"default: {DEFAULT_PATH}"
    )
    parser.add_argument("--credentials", type=Path, default=STORE, metavar="DIR", help=f"default: {STORE}")
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="ask no questions; take the settings from this file, which has the form of the configuration",
    )


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when the settings are in effect, 130 when the user left.

    Raises:
        ConfigError: the answers or the present settings are wrong; nothing is written.
        NotWritten: the files cannot be written.
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
    # From here on Ctrl-C waits until everything is written.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        changed = put_in_effect(arguments.config, environ, wishes, arguments.credentials)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    for path in changed:
        print(f"written: {path}")
    print("to use it: sudo systemctl restart ravatard" if changed else "nothing to change")
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
    current = _in_effect(config, store, environ)
    print("A few questions. Enter takes the value in brackets or with a star; Ctrl-C changes nothing.")
    dialogue = Dialogue(
        asker,
        RealSetupEnvironment(config, environ),
        current,
        lambda it: candidate(config, environ, it).loaded,
    )
    wishes = dialogue.run()
    if wishes.names:
        print(f"To be set: {', '.join(wishes.names)}")
        if not asker.confirm("Write it?"):
            raise EOFError
    return wishes


def _refuse_unwritable(config: Path) -> None:
    """Refuse before the first question, not after the last."""
    folder = next(one for one in config.absolute().parents if one.exists())
    if not os.access(folder, os.W_OK):
        raise NotWritten(f"{folder} cannot be written to; run it with sudo")


def _in_effect(config: Path, store: Path, environ: Mapping[str, str]) -> Loaded:
    """Return the present settings, including the credentials that otherwise only the service gets."""
    return load(None, with_credentials(environ, store), default_path=config)
