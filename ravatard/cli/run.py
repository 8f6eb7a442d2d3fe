"""``ravatard run``: runs the appliance until SIGTERM or SIGINT.

What hears is started first: as soon as the configuration is known the microphone's process loads, on another
core, and then the rest of the daemon does (:mod:`ravatard.cli.appliance`).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ravatard.assembly.early import early_microphone
from ravatard.cli.options import add_config
from ravatard.config import DEFAULT_PATH, ConfigErrors, Loaded, load
from ravatard.config.saved.layer import saved_file
from ravatard.config.saved.starting import load_at_start
from ravatard.host.credentials import with_credentials


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``run``."""
    add_config(parser)
    parser.add_argument(
        "--simulate",
        action="store_true",
        help="use a simulated service instead of the real one, and print the conversation",
    )
    parser.add_argument(
        "--say",
        action="append",
        default=[],
        metavar="TEXT",
        help="send this text to the avatar first; may be repeated",
    )
    parser.add_argument(
        "--socket",
        type=Path,
        metavar="PATH",
        help="make the control socket here (default: in the runtime directory)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 after SIGTERM or SIGINT."""
    environ = dict(os.environ)
    if "CREDENTIALS_DIRECTORY" not in environ:
        # Started by hand. For the service, unreadable credentials are an error.
        environ = with_credentials(environ)
    started = load_at_start(partial(loaded_for, arguments, environ), saved_file(environ))
    early = early_microphone(started.loaded.options, environ)
    try:
        from ravatard.cli.appliance import appliance

        return appliance(arguments, started, environ, early)
    finally:
        if early is not None:
            early.close()


def loaded_for(
    arguments: argparse.Namespace,
    environ: Mapping[str, str],
    saved: Path | None = None,
    default_path: Path = DEFAULT_PATH,
) -> Loaded:
    """Return the configuration; defaults for a simulated run by a user who may not read the installed one.

    Args:
        arguments: the command line of ``run``.
        environ: the daemon's environment variables.
        saved: the file of saved settings; None: without them.
        default_path: the file to read when none is named.

    Raises:
        ConfigErrors: it has mistakes, or the real service is meant.
    """
    try:
        return load(arguments.config, environ, default_path=default_path, saved=saved)
    except ConfigErrors as errors:
        # Who may not read the settings has not written them: they are those of the service on this machine.
        theirs = all(one.denied for one in errors.problems) and arguments.config is None
        if not (arguments.simulate and theirs):
            raise
        print(f"{errors.problems[0]}. This simulated run takes the defaults.\n", file=sys.stderr)
        return load(Path(os.devnull), environ)
