"""Arguments of ``ravatard doctor network``, apart from what it loads."""

from __future__ import annotations

import argparse
import re

from ravatard.cli.options import add_config, add_json, add_socket, add_state
from ravatard.exit_status import in_help

_LINE = "list hosts, ports and protocols that the network must let through, and try each"
_EPILOG = (
    f"{in_help('doctor network')} Takes half a minute at most. Starts no session, and sends neither token "
    "nor key. Needs no right to read secrets; what it may not read it names."
)
#: RFC 8489, 18.6 (stun).
_STUN_PORT = 3_478
_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]@]{1,253})(?::(\d{1,5}))?")


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the sub-command ``network`` to ``doctor``, which may do without."""
    parts = parser.add_subparsers(dest="part", metavar="{network}", title="part")
    network = parts.add_parser(
        "network",
        help=_LINE,
        description=f"{_LINE[0].upper()}{_LINE[1:]}.",
        epilog=_EPILOG,
        # What stands before the word network holds behind it.
        argument_default=argparse.SUPPRESS,
    )
    network.add_argument(
        "--stun",
        type=_place,
        action="append",
        metavar="HOST[:PORT]",
        help="ask this STUN server as well; the service names its own only in a session",
    )
    add_json(network)
    add_config(network)
    add_state(network)
    add_socket(network)


def _place(text: str) -> tuple[str, int]:
    """Parse a host with or without a port."""
    found = _PLACE.fullmatch(text)
    port = int(found[2] or _STUN_PORT) if found is not None else 0
    if found is None or not 0 < port < 1 << 16:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no host, or no host and port such as stun.example:3478"
        )
    return found[1].strip("[]"), port
