"""``ravatard toggle-mute``: mute the running appliance, or unmute it."""

from __future__ import annotations

import argparse

from ravatard.cli.control_client import add_socket, settle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``toggle-mute``."""
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when the microphone is as it says, 1 when it is not."""
    return settle(arguments, do="toggle-mute")
