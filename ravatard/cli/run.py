"""``ravatard run``: runs the appliance until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from ravatard import logs
from ravatard.app import Controls
from ravatard.assembly import runner
from ravatard.assembly.lifetime import disarm, live
from ravatard.assembly.parts import build, conversation_options, simulated
from ravatard.config import Loaded, load, secrets_of
from ravatard.core.options.conversation import ConversationOptions
from ravatard.devices.microphone.source_check import check_source
from ravatard.host.control.server import control_socket
from ravatard.host.credentials import keep_for_the_end, with_credentials
from ravatard.host.dumps import forbid_dumps
from ravatard.host.ledger import FileLedger
from ravatard.host.recorder import flight_recorder
from ravatard.host.remembered import RememberedSettings
from ravatard.host.runtime import SOCKET_NAME, runtime_directory
from ravatard.host.state import state_directory
from ravatard.host.state_version import bring_up_to_date
from ravatard.ports.host import Observer

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``run``."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="default: /etc/ravatard/ravatard.yaml")
    parser.add_argument(
        "--simulate",
        action="store_true",
        help="talk to a simulated service in this process, and print the conversation",
    )
    parser.add_argument(
        "--say",
        action="append",
        default=[],
        metavar="TEXT",
        help="send this text first; may be repeated",
    )
    parser.add_argument(
        "--socket",
        type=Path,
        metavar="PATH",
        help="control socket for `ravatard status` and others; default: in the runtime directory",
    )


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 after SIGTERM or SIGINT."""
    forbid_dumps()
    environ = dict(os.environ)
    if "CREDENTIALS_DIRECTORY" not in environ:
        # Started by hand. For the service, unreadable credentials are an error.
        environ = with_credentials(environ)
    loaded = load(arguments.config, environ)
    try:
        runner.run(_appliance(arguments, loaded, environ))
    finally:
        disarm()
    return 0


def configure_logs(loaded: Loaded, environ: Mapping[str, str], *, quiet: bool = False) -> None:
    """Set up logging as configured; ``quiet``: errors only, because the terminal shows other text."""
    options = loaded.options.logging
    if quiet and options.level == "info":
        options = replace(options, level="error")
    logs.configure(
        options,
        under_systemd=logs.is_journal(sys.stderr, environ),
        secrets=secrets_of(loaded.options),
    )


def _redactor(loaded: Loaded) -> Callable[[str], str]:
    """Return a function that removes every secret from a text."""
    return partial(logs.redact, secrets=secrets_of(loaded.options))


def _keep_credentials(environ: Mapping[str, str]) -> None:
    try:
        keep_for_the_end(environ)
    except OSError as error:
        log.warning("a session left open by a crash ends at the next start, not at once: %s", error)


async def _appliance(arguments: argparse.Namespace, loaded: Loaded, environ: Mapping[str, str]) -> None:
    configure_logs(loaded, environ, quiet=arguments.simulate)
    for file, dated in loaded.outdated.items():
        notes = "; ".join(dated.notes)
        log.warning(
            "%s is of version %d and read as today's (%s); `sudo ravatard config migrate` writes that down",
            file,
            dated.version,
            notes,
        )
    check_source(loaded.options.microphone, loaded.options.capture, environ)
    async with AsyncExitStack() as stack:
        options = loaded.options
        observers: list[Observer] = []
        if arguments.simulate:
            # Only a simulated run needs these.
            from ravatard.cli.demo.narrator import Narrator
            from ravatard.sim.server import SimServer

            server = await stack.enter_async_context(SimServer())
            options = simulated(options, server.base_url)
            now = asyncio.get_running_loop().time()
            observers.append(Narrator(sys.stdout, colour=sys.stdout.isatty(), started_at=now))
        # Before any pin or sound card is opened: another daemon may use them.
        control = arguments.socket or runtime_directory(environ) / SOCKET_NAME
        server_socket = await stack.enter_async_context(control_socket(control))
        if not arguments.simulate:
            # After the socket was taken, so that no file changes under a running daemon.
            bring_up_to_date(state_directory(environ))
            _keep_credentials(environ)
        # The simulated service ends with this process, and its sessions with it.
        ledger = None if arguments.simulate else FileLedger(state_directory(environ))
        remembered = RememberedSettings(state_directory(environ), keep_mute=options.microphone.keep_mute)
        muted, volume = False, None
        if not arguments.simulate:
            muted, volume = remembered.muted, remembered.volume
            observers.append(remembered)
        parts = build(options, environ, observers, ledger, muted=muted, volume=volume)
        has_button = parts.button is not None
        controls = Controls(server=server_socket)
        for text in arguments.say:
            controls.say(text)

        def reread() -> ConversationOptions:
            again = load(arguments.config, environ)
            configure_logs(again, environ, quiet=arguments.simulate)
            return conversation_options(again.options, has_button=has_button)

        wanted = conversation_options(options, has_button=has_button, muted=muted, volume=volume)
        if not arguments.simulate:
            folder = state_directory(environ) / "recorder"
            recorder = flight_recorder(folder, wanted, asyncio.get_running_loop().time(), _redactor(loaded))
            parts = replace(parts, observers=[*observers, stack.enter_context(recorder)])
        await live(parts, wanted, options.reconnect, controls, reread)
