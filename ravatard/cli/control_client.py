"""What the commands that ask a running daemon share: where its socket is, what a reply means."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ravatard.host.control.client import Reply, ask
from ravatard.host.runtime import find_socket


def add_socket(parser: argparse.ArgumentParser) -> None:
    """The option that all of them have."""
    parser.add_argument(
        "--socket", type=Path, metavar="PATH", help="the daemon's control socket; default: the one there is"
    )


def socket_of(arguments: argparse.Namespace) -> Path:
    """The socket to ask at."""
    given: Path | None = arguments.socket
    return given if given is not None else find_socket(os.environ)


def settle(arguments: argparse.Namespace, *, longer_s: float = 0.0, **request: Any) -> int:
    """Ask for something to be done, and print what came of it; exit status 0 when it was, else 1.

    Raises:
        Unanswered: no daemon runs, or it does not answer.
    """
    reply = ask(socket_of(arguments), request, longer_s=longer_s)
    if reply.get("ok") is True:
        print(reply.get("says", "done"))
        return 0
    print(f"ravatard: {sentence(reply)}", file=sys.stderr)
    return 1


def sentence(reply: Reply) -> str:
    """Why a request was refused."""
    return str(reply.get("error", "refused without a reason"))
