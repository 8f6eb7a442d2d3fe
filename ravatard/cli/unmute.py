"""``ravatard unmute``: open the running appliance's microphone again."""

from __future__ import annotations

import argparse

from ravatard.cli.control_client import add_socket, settle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``unmute``."""
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when the device is open, 1 when it is not."""
    return settle(arguments, do="unmute")
