"""``ravatard chat``: a conversation in writing, in a terminal or through a pipe."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TextIO, cast

from ravatard.assembly import runner
from ravatard.assembly.client import (
    has_lists,
    in_mode,
    lacks_key,
    loaded_quietly,
    open_network,
    service_cloud,
)
from ravatard.assembly.simulator import simulated
from ravatard.cli.chat.input import Lines
from ravatard.cli.chat.screen import ChatScreen, PlainScreen, is_terminal
from ravatard.cli.chat.visit import ChatSettings, Visit
from ravatard.cli.options import add_config
from ravatard.config import Options
from ravatard.config.advice import SEALED_HINT
from ravatard.core.backoff import Backoff
from ravatard.exit_status import ExitStatus
from ravatard.host.credentials import may_be_sealed
from ravatard.host.ledger import CHAT, FileLedger
from ravatard.host.state import state_directory
from ravatard.host.state_version import bring_up_to_date
from ravatard.installation import adding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ravatard.cli.chat.terminal_screen import TerminalScreen
    from ravatard.ports.cloud import ServiceCloud
    from ravatard.ports.host import Ledger

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_NO_LINE_EDITOR = "ravatard: the line editor is not installed, so lines come and go as plain text: "
#: A shell adds this to the number of the signal that ended a program.
_SIGNALLED = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``chat``."""
    parser.add_argument(
        "--mode",
        choices=("chat", "live"),
        default="chat",
        help="live: use a live session, which costs money while the chat lasts (default: %(default)s); an "
        "AvaTar API (service.kind avatar) has a session in both, which is ended when you leave",
    )
    parser.add_argument(
        "--simulate", action="store_true", help="chat with a simulated service instead: no account, no cost"
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0; 1 when a line from a pipe stayed unanswered; 128 + N after signal N.

    Raises:
        RavatardError: the service refuses us.
    """
    return runner.run(_chat(arguments, dict(os.environ)))


async def _chat(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    async with AsyncExitStack() as stack:
        screen: ChatScreen
        log: TextIO = sys.stderr
        terminal = _terminal()
        if terminal is not None:
            from ravatard.cli.chat.terminal_screen import LogScreen

            screen, log = terminal, cast(TextIO, LogScreen(terminal))
        else:
            screen = PlainScreen(sys.stdout, sys.stderr)
        options = loaded_quietly(arguments.config, environ, log).options
        options = in_mode(options, live=arguments.mode == "live")
        if arguments.simulate:
            options = await stack.enter_async_context(simulated(options))
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
                simulated=arguments.simulate,
                key_hint=_key_hint(options, environ),
                past=has_lists(options),
                idle_s=options.session.idle_s,
                answer_s=options.turn.answer_s,
                closing_silence_s=options.turn.closing_silence_s,
            ),
        )
        with _signals(visit, terminal) as came:
            unanswered = await visit.run()
        if came:
            return _SIGNALLED + came[0]
        return ExitStatus.FAILED if unanswered and terminal is None else 0


def _key_hint(options: Options, environ: Mapping[str, str]) -> str:
    """Return what to tell a user whose key is refused: the key may be where root alone sees it."""
    return SEALED_HINT if lacks_key(options) and may_be_sealed(environ) else ""


def _cloud(options: Options, ledger: Ledger | None, avatar: str | None, language: str) -> ServiceCloud:
    service = replace(options.service, avatar=avatar, language=language)
    # Closed with the cloud.
    return service_cloud(replace(options, service=service), open_network(options), ledger)


def _terminal() -> TerminalScreen | None:
    """Return the terminal's screen; None without a terminal and without its optional library."""
    if not is_terminal():
        return None
    try:
        # Optional, and loaded only where a user sits at a terminal.
        from ravatard.cli.chat.terminal_screen import open_terminal
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "prompt_toolkit":
            raise
        print(_NO_LINE_EDITOR + adding("chat"), file=sys.stderr)
        return None
    return open_terminal(sys.stdin, sys.stdout)


def _stdin() -> int:
    """Return the descriptor of standard input, which may be closed."""
    return sys.stdin.fileno() if sys.stdin is not None else 0


@contextmanager
def _signals(visit: Visit, terminal: TerminalScreen | None) -> Iterator[list[int]]:
    """End the visit, and with it the live session, at a signal; yields the list of those that came."""
    loop = asyncio.get_running_loop()
    came: list[int] = []

    def end(number: int) -> None:
        came.append(number)
        visit.leave()

    for number in _ENDING:
        loop.add_signal_handler(number, end, number)
    if terminal is not None:
        loop.add_signal_handler(signal.SIGCONT, terminal.resumed)
    try:
        yield came
    finally:
        for number in (*_ENDING, signal.SIGCONT):
            loop.remove_signal_handler(number)
