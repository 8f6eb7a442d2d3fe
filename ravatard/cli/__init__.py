"""The ``ravatard`` command: one file a sub-command, and heavy imports stay inside the one that needs them."""

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
    "run": "be the appliance: listen, talk to the avatar, show it with the lights",
    "demo": "watch a whole conversation without hardware, account or network",
    "simulate": "a RAVATAR service on this machine, for trying things out",
    "config": "check the configuration, or show what is in effect and where it comes from",
    "setup": "answer a few questions, and have the configuration written",
    "boot-setup": "take over the settings file that was left on the boot partition",
    "replay": "go through what the flight recorder kept, and show which states it led to",
    "status": "how the running appliance is: what it does, since when, what is wrong",
    "mute": "close the running appliance's microphone",
    "unmute": "open the running appliance's microphone again",
    "volume": "how loud the answers are: show it, or change it",
    "toggle-mute": "mute the running appliance, or unmute it",
    "say": "say something to the avatar in writing",
    "press": "press the button of the running appliance",
    "restart-session": "end the live session; the next words start a new one",
    "reload": "let the running appliance read its configuration anew",
    "end-sessions": "end the live sessions that a daemon left open when it died",
    "chat": "a conversation in writing, in this terminal",
    "history": "what was said and answered so far, as the service keeps it",
    "avatars": "list the avatars there are for you",
    "languages": "list the languages the service speaks",
    "board": "list boards, show one, or light every state on yours and read its button",
    "devices": "list microphones and speakers with the names to write in the configuration",
    "doctor": "look at everything the appliance needs, and say what to do about what is wrong",
    "meter": "how loud the microphone is, the room, and what the gate makes of it, live",
    "find-mic": "speak, and learn which of the microphones hears you best",
    "support-bundle": "everything a report needs in one file, without secrets",
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
    """Run one sub-command; returns the exit status. Errors are one sentence on stderr, never a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="ravatard", description="An always-on voice appliance for cloud avatars."
    )
    parser.add_argument("--version", action="version", version=f"ravatard {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # Only the sub-command that was named is imported: the others may need what this start does not.
    wanted = next((word for word in given if not word.startswith("-")), None)
    for name, line in COMMANDS.items():
        sub = commands.add_parser(name, help=line, description=line[0].upper() + line[1:] + ".")
        if name == wanted:
            importlib.import_module(_module_name(name)).add_arguments(sub)
    parsed = parser.parse_args(given)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show a character shows its number; it never ends the program.
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
        return _unread()
    except Exception as error:
        # A narrated run writes inside its stages, whose errors come as a group.
        unread = isinstance(error, ExceptionGroup) and error.split(BrokenPipeError)[1] is None
        return _unread() if unread else _bug(error)


def _complain(error: RavatardError) -> None:
    for line in str(error).splitlines():
        # An error may name what a stranger has chosen.
        print(f"ravatard: {harmless(line)}", file=sys.stderr)


def _unread() -> int:
    """The reader of our output went away (``ravatard devices | head``): nothing is left to say."""
    sys.stderr.close()
    return EXIT_FAILURE


def _bug(error: Exception) -> int:
    """Tell of a bug through the log, whose filter keeps secrets out of the traceback.

    Raises:
        Exception: the error itself while logging is not set up; nothing is secret yet then.
    """
    logger = logging.getLogger("ravatard")
    if not logger.hasHandlers():
        raise error
    logger.critical("ravatard ends because of a bug of its own; please report this", exc_info=error)
    return EXIT_BUG
