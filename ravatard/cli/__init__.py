"""The ``ravatard`` command: one module a sub-command, imported only when that sub-command runs."""

from __future__ import annotations

import argparse
import importlib
import io
import logging
import sys
from collections.abc import Sequence

from ravatard import __version__
from ravatard.cli.terminal import harmless
from ravatard.errors import ConfigError, InternalError, RavatardError

#: Sub-command -> one line for ``ravatard --help``.
COMMANDS = {
    "run": "run the appliance: listen, talk to the avatar, show the state with the lights",
    "demo": "watch a whole conversation without hardware, account or network",
    "simulate": "run a simulated RAVATAR service on this machine",
    "config": "check the configuration, or show the settings in effect and their origin",
    "setup": "write the configuration from the answers to a few questions",
    "boot-setup": "take over the settings file on the boot partition",
    "replay": "replay a recording of the flight recorder and show the states it reaches",
    "status": "show the state of the running appliance",
    "mute": "close the running appliance's microphone",
    "unmute": "open the running appliance's microphone",
    "volume": "show or change the volume of the answers",
    "toggle-mute": "mute the running appliance, or unmute it when it is muted",
    "say": "send the avatar a text",
    "press": "press the button of the running appliance",
    "restart-session": "end the live session; the next words start a new one",
    "reload": "make the running appliance read its configuration again",
    "end-sessions": "end the live sessions that a crashed daemon left open",
    "chat": "talk to the avatar in writing, in this terminal",
    "history": "show the history that the service keeps",
    "avatars": "list the avatars of your project",
    "languages": "list the languages the service speaks",
    "board": "list boards, show one, or test the lights and button of yours",
    "devices": "list microphones and speakers with their names for the configuration",
    "doctor": "check everything the appliance needs, with a remedy for each problem",
    "meter": "show the microphone's level, the room's noise and the gate's decisions live",
    "find-mic": "find the microphone that picks up your voice best",
    "support-bundle": "write one file with everything a bug report needs, without secrets",
}

#: sysexits.h: EX_CONFIG. systemd does not restart the daemon for it (RestartPreventExitStatus).
EXIT_CONFIG = 78
EXIT_FAILURE = 1
#: sysexits.h: EX_SOFTWARE. A bug of ours; systemd starts us again.
EXIT_BUG = 70


#: Requests to a running daemon: one module for all, see its table.
CONTROLS = ("mute", "unmute", "toggle-mute", "press", "reload", "restart-session", "say")

#: Commands whose module is not ``ravatard.cli.<name>``.
_MODULES = {
    "avatars": "directory",
    "board": "board.command",
    "boot-setup": "setup.boot",
    **dict.fromkeys(CONTROLS, "control"),
    "chat": "chat.command",
    "demo": "demo.command",
    "doctor": "doctor.command",
    "find-mic": "doctor.find_mic",
    "languages": "directory",
    "meter": "doctor.meter",
    "setup": "setup.command",
    "support-bundle": "doctor.support_bundle",
}


def _module_name(command: str) -> str:
    """Return the module of ``command``, which has ``add_arguments(parser)`` and ``run(arguments) -> int``."""
    return f"ravatard.cli.{_MODULES.get(command, command.replace('-', '_'))}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; return the exit status. An error is one sentence on stderr, never a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="ravatard", description="An always-on voice appliance for cloud avatars."
    )
    parser.add_argument("--version", action="version", version=f"ravatard {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # Only the named sub-command is imported: the others may need modules that are not installed.
    wanted = next((word for word in words if not word.startswith("-")), None)
    for name, line in COMMANDS.items():
        sub = commands.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        if name == wanted:
            importlib.import_module(_module_name(name)).add_arguments(sub)
    parsed = parser.parse_args(words)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A character that the terminal cannot show becomes its number, not an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return int(importlib.import_module(_module_name(parsed.command)).run(parsed))
    except ConfigError as error:
        _complain(error)
        return EXIT_CONFIG
    except InternalError as error:
        return _bug(error)
    except RavatardError as error:
        _complain(error)
        return EXIT_FAILURE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _reader_gone()
    except Exception as error:
        # A narrated run writes inside its stages, whose errors come as a group.
        reader_gone = isinstance(error, ExceptionGroup) and error.split(BrokenPipeError)[1] is None
        return _reader_gone() if reader_gone else _bug(error)


def _complain(error: RavatardError) -> None:
    for line in str(error).splitlines():
        # An error may name what a stranger has chosen.
        print(f"ravatard: {harmless(line)}", file=sys.stderr)


def _reader_gone() -> int:
    """End quietly after the reader of our output went away (``ravatard devices | head``)."""
    sys.stderr.close()
    return EXIT_FAILURE


def _bug(error: Exception) -> int:
    """Report a bug through the log, whose filter keeps secrets out of the traceback.

    Raises:
        Exception: the error itself while logging is not set up; nothing is secret yet then.
    """
    logger = logging.getLogger("ravatard")
    if not logger.hasHandlers():
        raise error
    logger.critical("ravatard ends because of a bug of its own; please report this", exc_info=error)
    return EXIT_BUG
