"""``ravatard play``: plays a file or an address to the room."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from ravatard.cli.control import reason, request, socket_of
from ravatard.cli.options import add_socket
from ravatard.core.control.lines import upload_parts
from ravatard.errors import RavatardError
from ravatard.exit_status import ExitStatus
from ravatard.host.control.client import ask

#: As large as the daemon takes; see ``stages/playing/content.py``.
LARGEST_BYTES = 8 << 20
#: Longest download, and longest time until it begins, as the daemon waits for them.
_LONGER_S = 45.0
_FULL = 100
_STANDARD_INPUT = "-"


class NotPlayed(RavatardError):
    """The file cannot be read, or the address is none; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``play``."""
    parser.add_argument(
        "what",
        metavar="URL|FILE",
        help="an http or https address, or a sound file that you may read; - for standard input",
    )
    parser.add_argument(
        "--volume",
        type=_percent,
        metavar="PERCENT",
        help="play it at this volume, 0 to 100 (default: as loud as answers)",
    )
    add_socket(parser)


def _percent(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > _FULL:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to {_FULL}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when it is being played, or waits for its turn; else 1.

    Raises:
        NotPlayed: there is nothing to send.
        NoDaemonError: no daemon runs, or it does not answer.
    """
    what: str = arguments.what
    volume = {} if arguments.volume is None else {"volume": arguments.volume}
    if "://" in what:
        return request(arguments, longer_s=_LONGER_S, do="play", url=what, **volume)
    sound = _content(what)
    name = secrets.token_hex(16)
    socket = socket_of(arguments)
    for part in upload_parts(name, sound):
        reply = ask(socket, {"do": "upload", **part})
        if reply.get("ok") is not True:
            print(f"ravatard: {reason(reply)}", file=sys.stderr)
            return ExitStatus.FAILED
    return request(arguments, longer_s=_LONGER_S, do="play", upload=name, **volume)


def _content(what: str) -> bytes:
    """Return what is in the file; read here, with the rights of the caller, not with the daemon's."""
    try:
        if what == _STANDARD_INPUT:
            sound = sys.stdin.buffer.read(LARGEST_BYTES + 1)
        else:
            with Path(what).open("rb") as file:
                sound = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise NotPlayed(f"{what} cannot be read: {error.strerror}") from error
    if len(sound) > LARGEST_BYTES:
        raise NotPlayed(f"{what} is larger than {LARGEST_BYTES >> 20} MiB; put it on a web server")
    if not sound:
        raise NotPlayed(f"{what} is empty")
    return sound
