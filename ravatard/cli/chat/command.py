"""``ravatard chat``: a conversation in writing, in this terminal or through a pipe."""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import random
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TextIO, cast

from ravatard.assembly.client import add_config, in_mode, loaded_quietly, open_network, service_cloud
from ravatard.cli.chat.input import Lines
from ravatard.cli.chat.screen import ChatScreen, PlainScreen, TerminalScreen, is_terminal
from ravatard.cli.chat.visit import ChatSettings, Visit
from ravatard.config import Options
from ravatard.core.backoff import Backoff
from ravatard.host.ledger import CHAT, FileLedger
from ravatard.host.state import state_directory
from ravatard.host.state_version import bring_up_to_date
from ravatard.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ravatard.ports.cloud import ServiceCloud
    from ravatard.ports.host import Ledger

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
#: What a shell adds to the number of the signal that ended a program.
_SIGNALLED = 128
EXIT_UNANSWERED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``chat``."""
    parser.add_argument(
        "--mode",
        choices=("chat", "live"),
        default="chat",
        help="live: in a live session, which is paid for while the chat lasts (default: %(default)s)",
    )
    parser.add_argument("--simulate", action="store_true", help="with a simulated service in this process")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0; 1 when something that came through a pipe stayed unanswered; 128 + N after signal N.

    Raises:
        RavatardError: the service refuses us.
    """
    return asyncio.run(_chat(arguments, dict(os.environ)))


async def _chat(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    async with AsyncExitStack() as stack:
        screen: ChatScreen
        terminal: TerminalScreen | None = None
        if is_terminal():
            screen = terminal = TerminalScreen(sys.stdin.fileno(), sys.stdout.fileno(), sys.stdout.encoding)
            log = cast(TextIO, _Told(terminal))
        else:
            screen, log = PlainScreen(sys.stdout, sys.stderr), sys.stderr
        options = loaded_quietly(arguments.config, environ, log).options
        options = in_mode(options, live=arguments.mode == "live")
        if arguments.simulate:
            # Only a simulated service needs it.
            from ravatard.sim.server import SimServer

            server = await stack.enter_async_context(SimServer())
            service = replace(
                options.service, base_url=server.base_url, socket_url=None, project_id=Secret("simulated")
            )
            options = replace(options, service=service)
        ledger: Ledger | None = None
        if arguments.mode == "live" and not arguments.simulate:
            state = state_directory(environ)
            bring_up_to_date(state)
            ledger = FileLedger(state / CHAT)
            stack.callback(ledger.close)
        if terminal is not None:
            stack.enter_context(terminal.opened())
        visit = Visit(
            partial(_cloud, options, ledger),
            screen,
            terminal or Lines(_stdin()),
            Backoff(options.reconnect, random.SystemRandom().random),
            ChatSettings(
                avatar=options.service.avatar,
                language=options.service.language,
                live=arguments.mode == "live",
                person=terminal is not None,
                idle_s=options.session.idle_s,
                answer_s=options.turn.answer_s,
                closing_silence_s=options.turn.closing_silence_s,
            ),
        )
        with _signals(visit, terminal) as came:
            unanswered = await visit.run()
        if came:
            return _SIGNALLED + came[0]
        return EXIT_UNANSWERED if unanswered and terminal is None else 0


def _cloud(options: Options, ledger: Ledger | None, avatar: str | None, language: str) -> ServiceCloud:
    service = replace(options.service, avatar=avatar, language=language)
    # Closed with the cloud.
    return service_cloud(replace(options, service=service), open_network(options), ledger)


def _stdin() -> int:
    """The descriptor of standard input, which may be closed."""
    return sys.stdin.fileno() if sys.stdin is not None else 0


@contextmanager
def _signals(visit: Visit, terminal: TerminalScreen | None) -> Iterator[list[int]]:
    """Signals that end a program end the visit, and with it the live session; gives those that came."""
    loop = asyncio.get_running_loop()
    came: list[int] = []

    def end(number: int) -> None:
        came.append(number)
        visit.leave()

    for number in _ENDING:
        loop.add_signal_handler(number, end, number)
    if terminal is not None:
        loop.add_signal_handler(signal.SIGWINCH, terminal.redraw)
        loop.add_signal_handler(signal.SIGCONT, terminal.resumed)
    try:
        yield came
    finally:
        for number in (*_ENDING, signal.SIGWINCH, signal.SIGCONT):
            loop.remove_signal_handler(number)


class _Told(io.TextIOBase):
    """Takes the log's lines where they do not disturb the one being typed."""

    def __init__(self, screen: TerminalScreen) -> None:
        self._screen = screen

    def write(self, text: str, /) -> int:
        """Show what is more than the end of a line."""
        if text.strip():
            self._screen.complain(text)
        return len(text)
