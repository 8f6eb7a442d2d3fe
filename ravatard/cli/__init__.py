"""The ``ravatard`` command: one module a sub-command, imported only when that sub-command runs."""

from __future__ import annotations

import argparse
import importlib
import io
import logging
import os
import platform
import sys
from collections.abc import Sequence

from ravatard import __version__
from ravatard.cli.json_output import json_document
from ravatard.cli.options import add_json
from ravatard.cli.terminal import harmless, typeable
from ravatard.cli.usage import CommandParser, MainParser, add_verbosity
from ravatard.errors import ConfigError, InternalError, RavatardError
from ravatard.exit_status import ExitStatus

#: Sub-command -> one line for ``ravatard --help``; :data:`ravatard.cli.usage.GROUPS` has their order.
COMMANDS = {
    "demo": "watch a conversation with a simulated cloud; needs no hardware and no account",
    "chat": "chat with the avatar in this terminal",
    "simulate": "run a simulated RAVATAR service or AvaTar API on this machine",
    "setup": "answer a few questions to write the configuration",
    "config": "check, show, set, edit or migrate the configuration",
    "board": "list the known boards, show one, or test its lights and button",
    "devices": "list microphones and speakers, with the names to use in the configuration",
    "find-mic": "find the microphone that picks up your voice best",
    "meter": "show the microphone's level, and when it counts as speech",
    "status": "show the state of the running appliance",
    "mute": "close the microphone of the running appliance",
    "unmute": "open the microphone of the running appliance",
    "toggle-mute": "mute the running appliance, or unmute it if it is muted",
    "volume": "show or change the volume of the answers",
    "play": "play a sound file, or one at an address, to the room",
    "say": "send the avatar a text",
    "history": "show the conversation history that the service keeps",
    "avatars": "list your avatars",
    "languages": "list the languages of the service",
    "reload": "make the running appliance read its configuration again",
    "restart": "end the running appliance, for systemd to start it again",
    "restart-session": "end the live session; the next words start a new one",
    "page": "show where the owner's page is; set its password, make a one-time code or a token",
    "doctor": "check the whole appliance and suggest a fix for each problem",
    "support-bundle": "write one file with everything a bug report needs, without secrets",
    "replay": "replay a flight recording and show the states it reaches",
    "end-sessions": "end the live sessions that a crashed daemon left open, and none of other clients",
    "run": "run the voice appliance",
    "press": "press the button of the running appliance",
    "id": "show the id of this appliance, which tells it from others",
    "boot-setup": "take over the settings file on the boot partition",
    "help": "explain a command",
    "version": "show the version, and the installation it runs from",
}

#: Overrides every file of the configuration, as documented there.
_LOG_LEVEL = "RAVATARD_LOGGING__LEVEL"
#: Commands without a module.
_BUILT_IN = ("help", "version")

#: Requests to a running daemon: one module for all, see its table.
CONTROLS = ("mute", "unmute", "toggle-mute", "press", "reload", "restart", "restart-session", "say")

#: Commands whose module is not ``ravatard.cli.<name>``.
_MODULES = {
    "avatars": "directory",
    "board": "board.command",
    "boot-setup": "setup.boot",
    **dict.fromkeys(CONTROLS, "control"),
    "chat": "chat.command",
    "config": "config.command",
    "demo": "demo.command",
    "doctor": "doctor.command",
    "find-mic": "doctor.find_mic",
    "id": "status.identity",
    "languages": "directory",
    "meter": "doctor.meter",
    "page": "page.command",
    "setup": "setup.command",
    "simulate": "simulate.command",
    "status": "status.command",
    "support-bundle": "doctor.support_bundle",
}


def _module_name(command: str) -> str:
    """Return the module of ``command``, which has ``add_arguments(parser)`` and ``run(arguments) -> int``."""
    return f"ravatard.cli.{_MODULES.get(command, command.replace('-', '_'))}"


#: Commands that log, and so take ``-v`` and ``-q`` themselves.
_LOGGING = ("avatars", "chat", "end-sessions", "history", "languages", "run")


def _parser(wanted: str | None) -> MainParser:
    """Return the parser of the command line, with the arguments of the command ``wanted`` only.

    The other commands may need modules that are not installed.
    """
    parser = MainParser(COMMANDS)
    parser.add_argument("-V", "--version", action="version", version=f"ravatard {__version__}")
    add_verbosity(parser)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=CommandParser
    )
    for name, line in COMMANDS.items():
        sub = commands.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        if name == "help":
            sub.add_argument("words", nargs="*", metavar="COMMAND", help="the command; default: all of them")
        elif name == "version":
            add_json(sub)
        elif name == wanted and name not in _BUILT_IN:
            importlib.import_module(_module_name(name)).add_arguments(sub)
        if name == wanted and name in _LOGGING:
            add_verbosity(sub)
    return parser


def parser_of(command: str) -> argparse.ArgumentParser:
    """Return the parser of one command with all its arguments, for its manual page."""
    found = [one.choices for one in _parser(command)._actions if isinstance(one.choices, dict)]  # noqa: SLF001
    parser: argparse.ArgumentParser = found[0][command]
    return parser


def _parsed(words: list[str]) -> argparse.Namespace:
    """Return the parsed command line; end the program after a help text or a mistake."""
    if set(words) in ({"--version", "--json"}, {"-V", "--json"}):
        # argparse would print the version and end at the option, whatever follows.
        words = ["version", "--json"]
    wanted = next((word for word in words if not word.startswith("-")), None)
    parser = _parser(wanted)
    if not words:
        # As after any wrong line: nothing was done, and a script must notice.
        parser.exit(ExitStatus.MISUSED, parser.short_help())
    parsed = parser.parse_args(words)
    if parsed.command == "help":
        return _parsed([*parsed.words, "--help"])
    if level := getattr(parsed, "log_level", ""):
        os.environ[_LOG_LEVEL] = level
    return parsed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; return the exit status. An error is one sentence on stderr, never a traceback."""
    parsed = _parsed(list(sys.argv[1:] if arguments is None else arguments))
    if parsed.command == "version":
        print(_version(as_json=parsed.json))
        return ExitStatus.DONE
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A character that the terminal cannot show becomes its number, not an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _carried_out(parsed)
    except ConfigError as error:
        _complain(error)
        return ExitStatus.CONFIG
    except InternalError as error:
        return _bug(error)
    except RavatardError as error:
        _complain(error)
        return ExitStatus.FAILED
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        return _reader_gone()
    except Exception as error:
        # A narrated run writes inside its stages, whose errors come as a group.
        reader_gone = isinstance(error, ExceptionGroup) and error.split(BrokenPipeError)[1] is None
        return _reader_gone() if reader_gone else _bug(error)


def _version(*, as_json: bool) -> str:
    """Return the version, and the installation that the command runs from."""
    facts = {"version": __version__, "python": platform.python_version(), "installation": sys.prefix}
    if as_json:
        return json_document(facts)
    return f"ravatard {facts['version']} (Python {facts['python']}, {facts['installation']})"


def _carried_out(parsed: argparse.Namespace) -> int:
    """Run the command, and write out all that it printed."""
    status = int(importlib.import_module(_module_name(parsed.command)).run(parsed))
    if sys.stdout is not None:
        # Here a reader that is gone is caught; at the interpreter's end it would be a traceback.
        sys.stdout.flush()
    return status


def _complain(error: RavatardError) -> None:
    for line in str(error).splitlines():
        # An error may name what a stranger has chosen.
        print(f"ravatard: {harmless(typeable(line))}", file=sys.stderr)


def _reader_gone() -> int:
    """End quietly after the reader of our output went away (``ravatard devices | head``)."""
    sys.stderr.close()
    return ExitStatus.FAILED


def _bug(error: Exception) -> int:
    """Report a bug through the log, whose filter keeps secrets out of the traceback.

    Raises:
        Exception: the error itself while logging is not set up; nothing is secret yet then.
    """
    logger = logging.getLogger("ravatard")
    if not logger.hasHandlers():
        raise error
    logger.critical("ravatard ends because of a bug of its own; please report this", exc_info=error)
    return ExitStatus.BUG
