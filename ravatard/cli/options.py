"""Options that several commands have, each with one help text."""

from __future__ import annotations

import argparse
from pathlib import Path

#: Where the configuration is by default; :data:`ravatard.config.DEFAULT_PATH` without loading the schema.
_CONFIG = Path("/etc/ravatard/ravatard.yaml")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--config``."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=f"use this configuration file (default: {_CONFIG})"
    )


def add_written(parser: argparse.ArgumentParser, store: Path) -> None:
    """Add ``--config`` and ``--credentials`` of a command that writes settings; ``store``: for secrets."""
    parser.add_argument(
        "--config",
        type=Path,
        default=_CONFIG,
        metavar="FILE",
        help="write the settings to this file (default: %(default)s)",
    )
    parser.add_argument(
        "--credentials",
        type=Path,
        default=store,
        metavar="DIR",
        help="keep the secrets in this folder (default: %(default)s)",
    )


def add_json(parser: argparse.ArgumentParser, what: str = "print JSON") -> None:
    """Add the option ``--json``."""
    parser.add_argument("--json", action="store_true", help=what)


def add_socket(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--socket`` of a command that asks the running daemon."""
    parser.add_argument(
        "--socket",
        type=Path,
        metavar="PATH",
        help="the daemon's control socket (default: found automatically)",
    )


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--state``."""
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="the daemon's state directory (default: found automatically)",
    )
