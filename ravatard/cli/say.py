"""``ravatard say``: say something to the avatar in writing."""

from __future__ import annotations

import argparse

from ravatard.cli.control_client import add_socket, settle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``say``."""
    parser.add_argument("text", nargs="+", metavar="TEXT", help="the words")
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when the appliance took it; whether the avatar answers, ``ravatard status`` shows."""
    return settle(arguments, do="say", text=" ".join(arguments.text))
