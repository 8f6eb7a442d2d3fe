"""The commands that ask a running daemon: one table, and the socket and replies they share."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ravatard.cli.options import add_socket
from ravatard.cli.terminal import typeable, visible
from ravatard.exit_status import ExitStatus
from ravatard.host.control.client import Reply, ask
from ravatard.host.runtime import find_socket

Parameters = Mapping[str, Any]
#: The daemon asks its service manager first.
_MANAGER_S = 3.0


@dataclass(frozen=True, slots=True)
class ControlCommand:
    """One command without a module of its own. Its name is the request's name as well.

    Attributes:
        argument, help: the option or positional argument besides ``--socket`` (None: there is none), and its
            text for ``--help``.
        settings: further keywords of :meth:`argparse.ArgumentParser.add_argument`.
        parameters: builds the parameters of the request from the parsed arguments.
        longer_s: seconds the daemon needs in addition before it replies.
    """

    argument: str | None = None
    help: str = ""
    settings: Parameters = field(default_factory=dict)
    parameters: Callable[[argparse.Namespace], Parameters] = lambda arguments: {}
    longer_s: Callable[[argparse.Namespace], float] = lambda arguments: 0.0


COMMANDS: Mapping[str, ControlCommand] = {
    "mute": ControlCommand(),
    "unmute": ControlCommand(),
    "toggle-mute": ControlCommand(),
    "press": ControlCommand(
        "--hold",
        "hold it for MS milliseconds, to talk. Without it the button is tapped: that stops an answer, "
        "retries what was refused and, with gate.toggle, opens or closes the gate",
        {"type": int, "default": 0, "metavar": "MS"},
        lambda arguments: {"ms": arguments.hold},
        lambda arguments: max(0, arguments.hold) / 1000,
    ),
    "reload": ControlCommand(),
    "restart": ControlCommand(longer_s=lambda arguments: _MANAGER_S),
    "restart-session": ControlCommand(),
    "say": ControlCommand(
        "text",
        "what to say",
        {"nargs": "+", "metavar": "TEXT"},
        lambda arguments: {"text": " ".join(arguments.text)},
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command that ends the name of ``parser`` ("ravatard mute")."""
    command = COMMANDS[parser.prog.split()[-1]]
    if command.argument is not None:
        parser.add_argument(command.argument, help=command.help, **command.settings)
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when the daemon has carried the command out, 1 when it refused.

    Raises:
        NoDaemonError: no daemon runs, or it does not answer.
    """
    command = COMMANDS[arguments.command]
    longer_s = command.longer_s(arguments)
    return request(arguments, longer_s=longer_s, do=arguments.command, **command.parameters(arguments))


def socket_of(arguments: argparse.Namespace) -> Path:
    """Return the path of the control socket: the one given, or the one found."""
    given: Path | None = arguments.socket
    return given if given is not None else find_socket(os.environ)


def request(arguments: argparse.Namespace, *, longer_s: float = 0.0, **parameters: Any) -> int:
    """Send one request and print the result; return exit status 0 when it was carried out, else 1.

    Raises:
        NoDaemonError: no daemon runs, or it does not answer.
    """
    reply = ask(socket_of(arguments), parameters, longer_s=longer_s)
    if reply.get("ok") is True:
        print(visible(str(reply.get("says", "done"))))
        return 0
    print(f"ravatard: {reason(reply)}", file=sys.stderr)
    return ExitStatus.FAILED


def reason(reply: Reply) -> str:
    """Return why a request was refused."""
    return visible(typeable(str(reply.get("error", "refused without a reason"))))
