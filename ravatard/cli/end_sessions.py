"""``ravatard end-sessions``: end the live sessions that a daemon left open when it died."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ravatard import logs
from ravatard.errors import LinkTimeout, RavatardError
from ravatard.host.credentials import with_credentials
from ravatard.host.ledger import FileLedger
from ravatard.host.state import state_directory
from ravatard.host.state_version import NewerStateError, refuse_newer
from ravatard.ports.host import Ledger, OwedSession

#: Below the state directory: the list of ``ravatard chat``, which may run beside the daemon.
CHAT = "chat"
#: For all of them together: systemd ends ExecStopPost= after TimeoutStopSec=.
LIMIT_S = 8.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``end-sessions``."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="default: /etc/ravatard/ravatard.yaml")
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="where the list is; default: where the daemon keeps it"
    )
    parser.add_argument(
        "--force", action="store_true", help="also end the session that a running daemon is using"
    )


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 when no session is left open, 1 when one is or may be.

    Raises:
        ConfigError: there are sessions to end, and the configuration does not say how.
    """
    environ = dict(os.environ)
    # What the ledger has to say about damage comes before there is a configuration.
    logs.configure(logs.LogOptions(level="warning"), under_systemd=logs.is_journal(sys.stderr, environ))
    directory = state_directory(environ, arguments.state)
    if not directory.exists():
        print(f"no live session is on the list: there is no {directory}")
        return 0
    newer = _is_newer(directory)
    status = _end_those_in(directory, arguments, environ, newer=newer)
    if (directory / CHAT).exists():
        status = max(status, _end_those_in(directory / CHAT, arguments, environ, newer=newer))
    return status


def _end_those_in(
    directory: Path, arguments: argparse.Namespace, environ: Mapping[str, str], *, newer: bool
) -> int:
    ledger = FileLedger(directory, shared=arguments.force, frozen=newer)
    try:
        owed = ledger.owed()
        if ledger.taken:
            print(f"the program that uses {directory} ends its session when it stops; --force ends it now")
            return 1
        if ledger.trouble:
            print("cannot tell whether a live session is open")
            return 1
        if not owed:
            print(f"no live session is on the list in {directory}")
            return 0
        return _end(ledger, arguments.config, environ)
    finally:
        ledger.close()


def _is_newer(directory: Path) -> bool:
    """Whether the list is a newer ravatard's: what can be read of it is ended, and nothing written."""
    try:
        refuse_newer(directory)
    except NewerStateError:
        return True
    return False


def _end(ledger: Ledger, config: Path | None, environ: Mapping[str, str]) -> int:
    # Most of the time nothing is left open, and none of this is needed.
    from ravatard.cloud.http import AiohttpNetwork
    from ravatard.cloud.ravatar.account import Accounts
    from ravatard.config import load

    options = load(config, with_credentials(environ)).options
    project = options.service.project_id
    under_systemd = logs.is_journal(sys.stderr, environ)
    logs.configure(options.logging, under_systemd=under_systemd, secrets=[project] if project else [])

    async def all_of_them() -> bool:
        network = AiohttpNetwork(ping_s=options.deadlines.ping_s)
        accounts = Accounts(project, options.deadlines, network, random.SystemRandom().random)
        try:
            return await end_all(ledger, accounts.end, print)
        finally:
            await network.close()

    return 0 if asyncio.run(all_of_them()) else 1


async def end_all(
    ledger: Ledger, end: Callable[[OwedSession], Awaitable[None]], tell: Callable[[str], object]
) -> bool:
    """End all that is owed at the same time, with a line for each; returns whether nothing is left.

    Args:
        ledger: where they stand; those that are ended are struck off.
        end: returns when one is over, raises RavatardError when it may still be open.
        tell: takes a line for a person to read.
    """
    owed = ledger.owed()

    async def end_one(number: int, debt: OwedSession) -> None:
        name = f"live session {number} of {len(owed)} at {urlsplit(debt.base_url).netloc or debt.base_url}"
        try:
            try:
                async with asyncio.timeout(LIMIT_S):
                    await end(debt)
            except TimeoutError:
                raise LinkTimeout(f"no answer within {LIMIT_S:g} s") from None
        except RavatardError as error:
            tell(f"{name}: not ended: {error}")
        else:
            ledger.strike(debt)
            tell(f"{name}: ended")

    async with asyncio.TaskGroup() as group:
        for number, debt in enumerate(owed, 1):
            group.create_task(end_one(number, debt), name=f"end {number}")
    return not ledger.owed()
