"""``ravatard press``: press the button of the running appliance, also one that has none."""

from __future__ import annotations

import argparse

from ravatard.cli.control_client import add_socket, settle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``press``."""
    parser.add_argument(
        "--hold",
        type=int,
        default=0,
        metavar="MS",
        help="release it after this many milliseconds; 0 (default) is a tap: it stops an answer, tries "
        "again what was refused, and with gate.toggle opens or closes the gate; to talk without it, hold",
    )
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when the button was pressed and released."""
    return settle(arguments, do="press", ms=arguments.hold, longer_s=max(0, arguments.hold) / 1000)
