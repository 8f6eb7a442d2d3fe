"""Restarts that are refused, because the appliance would not start again with its settings of now."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from ravatard.cli.run import loaded_for
from ravatard.config.saved.layer import saved_file
from ravatard.config.saved.starting import load_at_start
from ravatard.devices.microphone.source_check import check_source
from ravatard.errors import ConfigError


def restart_refusal(
    unmanaged: Callable[[], Awaitable[str]], arguments: argparse.Namespace, environ: Mapping[str, str]
) -> Callable[[], Awaitable[str]]:
    """Return what says why a restart is refused: its end would be for good.

    Who restarts it from a page may have no other way to it.

    Args:
        unmanaged: returns why nothing would start the daemon again; "" if something would.
        arguments: the command line of ``run``.
        environ: the daemon's environment variables.
    """

    async def refusal() -> str:
        if found := await unmanaged():
            return found
        try:
            await asyncio.to_thread(check_start, arguments, environ)
        except ConfigError as error:
            return f"with its configuration as it is now the appliance would not start again: {error}"
        return ""

    return refusal


def check_start(arguments: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Check that the appliance would start with what is configured now.

    Raises:
        ConfigError: it would not, and nothing would try again.
    """
    from ravatard.cli.config.check import refuse_unusable

    loaded = load_at_start(partial(loaded_for, arguments, environ), saved_file(environ)).loaded
    refuse_unusable(loaded)
    check_source(loaded.options.microphone, loaded.options.capture, environ)
