"""``ravatard mute``: close the running appliance's microphone."""

from __future__ import annotations

import argparse

from ravatard.cli.control_client import add_socket, settle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``mute``."""
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when the device is closed, 1 when it is not."""
    return settle(arguments, do="mute")
