"""``ravatard id``: the id of this appliance, the same wherever it has to be told from others."""

from __future__ import annotations

import argparse

from ravatard.host.identity import appliance_id


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing but the explanation: the command takes no arguments."""
    parser.epilog = (
        "Made of this machine's id, which it does not give away, and constant until the system is installed "
        "anew. A card that was copied has the id of its original: `sudo rm /etc/machine-id && sudo "
        "systemd-machine-id-setup` gives it one of its own."
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the id; return exit status 0."""
    del arguments
    print(appliance_id())
    return 0
