"""``ravatard restart-session``: end the live session of the running appliance."""

from __future__ import annotations

import argparse

from ravatard.cli.control_client import add_socket, settle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``restart-session``."""
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when it was asked for."""
    return settle(arguments, do="restart-session")
