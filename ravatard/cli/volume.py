"""``ravatard volume``: shows or changes the volume of the running appliance."""

from __future__ import annotations

import argparse
import re

from ravatard.cli.control import reason, request, socket_of
from ravatard.cli.options import add_socket
from ravatard.cli.terminal import visible
from ravatard.host.control.client import NoDaemonError, ask

_GIVEN = re.compile(r"([+-]?)([0-9]{1,3})%?")
_FULL = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``volume``."""
    parser.usage = "ravatard volume [-h] [--socket PATH] [PERCENT | +N | -N]"
    # argparse takes -10 for an argument as long as no option looks like a number.
    parser.add_argument(
        "wanted",
        nargs="?",
        type=request_of,
        metavar="PERCENT",
        help="set the volume, 0 to 100; with a sign, make it louder or softer by N; without a value, show it",
    )
    add_socket(parser)


def request_of(text: str) -> dict[str, int]:
    """Return the parameters of the request.

    Raises:
        argparse.ArgumentTypeError: ``text`` is no volume.
    """
    found = _GIVEN.fullmatch(text)
    if found is None or int(found[2]) > _FULL:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number from 0 to {_FULL} nor +N or -N")
    sign, digits = found.groups()
    return {"by": int(sign + digits)} if sign else {"percent": int(digits)}


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when the volume was shown or set, else 1.

    Raises:
        NoDaemonError: no daemon runs, or it does not answer.
    """
    if arguments.wanted is not None:
        return request(arguments, do="volume", **arguments.wanted)
    reply = ask(socket_of(arguments), {"do": "status"})
    report = reply.get("status")
    if reply.get("ok") is not True or not isinstance(report, dict):
        raise NoDaemonError(reason(reply))
    if "volume" not in report:
        raise NoDaemonError("the appliance does not report its volume; is it older than this command?")
    print(visible(f"{report['volume']} %"))
    return 0
