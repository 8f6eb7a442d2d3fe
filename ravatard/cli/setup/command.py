"""``ravatard setup``: writes the configuration from a few answers, asked for or read from a file."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, get_args, get_type_hints

from ravatard.cli.options import add_written
from ravatard.cli.setup.access_group import is_member, join
from ravatard.cli.setup.answers import MachineSteps
from ravatard.cli.setup.answers_file import HELP, read_answers
from ravatard.cli.setup.config_txt import add_lines, find_config_txt, may_write, missing_lines
from ravatard.cli.setup.questions import lines_within
from ravatard.cli.setup.report import in_effect, overruled
from ravatard.cli.setup.writing import NotWritten, put_in_effect
from ravatard.cloud.options import ServiceOptions
from ravatard.config import DEFAULT_PATH, Loaded, load
from ravatard.config.candidate import Wishes, candidate
from ravatard.config.saved.layer import saved_file
from ravatard.errors import RavatardError
from ravatard.host.boot_file import DIRECTORIES
from ravatard.host.credentials import STORE, with_credentials

if TYPE_CHECKING:
    from ravatard.cli.setup.environment import SetupEnvironment


class NoTerminal(RavatardError):
    """No terminal to ask questions in."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``setup``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = HELP
    add_written(parser, STORE)
    parser.add_argument(
        "--boot",
        type=Path,
        action="append",
        metavar="DIR",
        help=f"look for config.txt in this folder (default: {', '.join(map(str, DIRECTORIES))})",
    )
    parser.add_argument(
        "--answers", type=Path, metavar="FILE", help="take the answers from this file instead of asking"
    )
    parser.add_argument(
        "--kind",
        choices=get_args(get_type_hints(ServiceOptions)["kind"]),
        help="kind of service to ask about: avatar is a self-hosted AvaTar API; default: as it is",
    )


def run(arguments: argparse.Namespace, environment: SetupEnvironment | None = None) -> int:
    """Return exit status 0 when the settings are in effect, 130 when the user left.

    Args:
        arguments: the options.
        environment: what there is to choose from; None for this machine.

    Raises:
        ConfigError: the answers or the present settings are wrong; nothing is written.
        RavatardError: a file cannot be written, or a user cannot join the group.
    """
    environ = dict(os.environ)
    boot: Sequence[Path] = arguments.boot or DIRECTORIES
    restart = False
    if arguments.answers is not None:
        answers = read_answers(arguments.answers)
        wishes = answers.wishes
        lines = _lines_of_board(arguments.config, environ, wishes) if answers.config_txt else ()
        steps = MachineSteps(lines, answers.member)
    else:
        try:
            wishes, steps, restart = _ask(arguments, environ, environment)
        except (EOFError, KeyboardInterrupt):
            print("\nnothing was changed")
            return 130
    if not wishes.names and not steps:
        print("nothing to change")
        return 0
    _refuse_impossible(steps, boot)
    # From here on Ctrl-C waits until everything is written.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        changed = put_in_effect(arguments.config, environ, wishes, arguments.credentials)
        _say(f"written: {path}" for path in changed)
        added = _carry_out(steps, boot)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if not changed and not added and not restart:
        print("nothing to change")
        return 0
    loaded = _in_effect(arguments.config, arguments.credentials, environ)
    _say(["In effect:", *in_effect(loaded), *overruled(loaded, wishes)])
    needs_restart = restart or any(line.startswith("added to ") for line in added)
    _say([f"to use it: {to_use(arguments.config, arguments.credentials, restart=needs_restart)}"])
    return 0


def to_use(config: Path, credentials: Path = STORE, *, restart: bool) -> str:
    """Return the command that puts ``config`` to use.

    Args:
        config: the configuration file.
        credentials: the folder with its secrets.
        restart: the machine needs one.
    """
    if restart:
        return "sudo reboot"
    if config.absolute() == DEFAULT_PATH:
        return "sudo systemctl restart ravatard"
    # The service reads its own file.
    secrets = (
        "" if credentials == STORE else f"CREDENTIALS_DIRECTORY={shlex.quote(str(credentials.absolute()))} "
    )
    return f"{secrets}ravatard run --config {shlex.quote(str(config))}"


def _refuse_impossible(steps: MachineSteps, boot: Sequence[Path]) -> None:
    """Refuse steps that this machine cannot do, before anything is written.

    Raises:
        RavatardError: there is no such file, right, user or group.
    """
    if steps.config_txt:
        path = _config_txt(steps, boot)
        if (missing := missing_lines(path, steps.config_txt)) and not may_write(path):
            raise NotWritten(
                f"{path} cannot be written to; run it with sudo, or add these lines yourself: "
                f"{', '.join(missing)}"
            )
    if steps.member is not None:
        is_member(steps.member)


def _config_txt(steps: MachineSteps, boot: Sequence[Path]) -> Path:
    """Return the file for the lines of the board.

    Raises:
        NotWritten: there is none.
    """
    path = find_config_txt(boot)
    if path is None:
        raise NotWritten(
            f"there is no config.txt in {' or '.join(map(str, boot))}; the board needs in it: "
            f"{', '.join(steps.config_txt)}"
        )
    return path


def _carry_out(steps: MachineSteps, boot: Sequence[Path]) -> list[str]:
    """Do what is outside the configuration; print and return a line for each change.

    Raises:
        RavatardError: it cannot be done; the configuration is written.
    """
    done = []
    if steps.config_txt:
        path = _config_txt(steps, boot)
        if added := add_lines(path, steps.config_txt, "For the board, added by `ravatard setup`"):
            done.append(f"added to {path}: {', '.join(added)}")
            _say(done[-1:])
    if steps.member is not None and join(steps.member):
        done.append(f"{steps.member} is in the group ravatard from the next login on")
        _say(done[-1:])
    return done


def _lines_of_board(config: Path, environ: Mapping[str, str], wishes: Wishes) -> tuple[str, ...]:
    """Return the lines for ``config.txt`` of the board that would be in effect.

    Raises:
        ConfigErrors: the configuration is wrong.
    """
    board = candidate(config, environ, wishes).loaded.board
    return () if board is None else board.about.config_txt


def _ask(
    arguments: argparse.Namespace, environ: Mapping[str, str], environment: SetupEnvironment | None
) -> tuple[Wishes, MachineSteps, bool]:
    """Return the answers of the person at the terminal, and whether the machine needs a restart."""
    # With answers in a file none of this is needed.
    from ravatard.cli.setup.dialogue import Dialogue
    from ravatard.cli.setup.environment import RealSetupEnvironment
    from ravatard.cli.setup.questions import Asker

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminal(
            "setup asks questions in a terminal; without one, write `ravatard setup --answers FILE`"
        )
    config: Path = arguments.config
    _refuse_unwritable(config)
    asker = Asker(input, getpass, print, _columns())
    current = _in_effect(config, arguments.credentials, environ)
    asker.say("A few questions. Enter takes the value in brackets; Ctrl-C changes nothing.")
    dialogue = Dialogue(
        asker,
        environment or RealSetupEnvironment(config, environ, arguments.boot or DIRECTORIES),
        current,
        lambda it: candidate(config, environ, it).loaded,
        arguments.kind,
    )
    wishes, steps = dialogue.run(), dialogue.steps
    if wishes.names or steps:
        todo = [
            *wishes.names,
            *(["the board's lines in config.txt"] if steps.config_txt else []),
            *([f"{steps.member} in the group ravatard"] if steps.member else []),
        ]
        asker.say(f"To be set: {', '.join(todo)}")
        if not asker.confirm("Write it?"):
            raise EOFError
    return wishes, steps, dialogue.restart


def _refuse_unwritable(config: Path) -> None:
    """Refuse before the first question, not after the last."""
    folder = next(one for one in config.absolute().parents if one.exists())
    if not os.access(folder, os.W_OK):
        raise NotWritten(f"{folder} cannot be written to; run it with sudo")


def _in_effect(config: Path, store: Path, environ: Mapping[str, str]) -> Loaded:
    """Return the present settings, including the credentials that otherwise only the service gets."""
    return load(None, with_credentials(environ, store), default_path=config, saved=saved_file(environ))


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _say(lines: Iterable[str]) -> None:
    columns = _columns() if sys.stdout.isatty() else 0
    for line in lines:
        print("\n".join(lines_within(line, columns)) if columns else line)
