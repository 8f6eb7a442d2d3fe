"""``ravatard reload``: let the running appliance read its configuration anew."""

from __future__ import annotations

import argparse

from ravatard.cli.control_client import add_socket, settle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``reload``."""
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when it is in force, 1 when it was refused and the old one stays."""
    return settle(arguments, do="reload")
