"""``ravatard end-sessions``: end the live sessions that a daemon left open when it died, and no other."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ravatard import logs
from ravatard.assembly import runner
from ravatard.cli.options import add_config, add_state
from ravatard.cli.terminal import visible
from ravatard.cloud.kind import ServiceFinding
from ravatard.errors import LinkTimeout, RavatardError
from ravatard.exit_status import ExitStatus
from ravatard.host.credentials import with_credentials
from ravatard.host.ledger import CHAT, FileLedger
from ravatard.host.state import state_directory
from ravatard.host.state_version import NewerStateError, bring_up_to_date
from ravatard.ports.cloud import ServiceCloud
from ravatard.ports.host import Ledger, OwedSession

#: Limit for all sessions together: systemd ends ExecStopPost= after TimeoutStopSec=.
LIMIT_S = 8.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``end-sessions``."""
    add_config(parser)
    add_state(parser)
    parser.add_argument(
        "--force", action="store_true", help="also end the session that a running daemon is using"
    )
    parser.add_argument(
        "--unknown",
        action="store_true",
        help="also end a session of which the service alone knows, and which a start without an answer may "
        "have left",
    )


def run(arguments: argparse.Namespace) -> int:
    """End the sessions on the lists; exit status 0 when none is left open, 1 when one is or may be.

    One may be when a list was damaged, whatever could be read of it.

    Raises:
        ConfigError: there are sessions to end, and no usable configuration to end them with.
    """
    environ = dict(os.environ)
    # The ledger may log damage before the configuration is read.
    logs.configure(logs.LogOptions(level="warning"), under_systemd=logs.is_journal(sys.stderr, environ))
    directory = state_directory(environ, arguments.state)
    # Settings are saved in the same one.
    environ["STATE_DIRECTORY"] = str(directory)
    if not directory.exists():
        print(f"no live session is on the list: there is no {directory}")
        return 0
    newer = _is_newer(directory)
    status = _end_list(directory, arguments, environ, newer=newer)
    if (directory / CHAT).exists():
        status = max(status, _end_list(directory / CHAT, arguments, environ, newer=newer))
    return status


def _end_list(
    directory: Path, arguments: argparse.Namespace, environ: Mapping[str, str], *, newer: bool
) -> int:
    ledger = FileLedger(directory, shared=arguments.force, frozen=newer)
    try:
        owed = ledger.owed()
        if ledger.taken:
            print(f"the program that uses {directory} ends its session when it stops; --force ends it now")
            return ExitStatus.FAILED
        if ledger.trouble:
            print("cannot tell whether a live session is open")
            return ExitStatus.FAILED
        if ledger.damage:
            print(f"cannot tell whether a live session is open: {ledger.damage}")
            if owed:
                _end(ledger, arguments.config, environ, unknown=arguments.unknown)
            return ExitStatus.FAILED
        if not owed:
            print(f"ravatard itself left no session open: no live session is on the list in {directory}")
            if sys.stdout.isatty() and directory.name != CHAT:
                _tell_of_others(arguments.config, environ)
            return 0
        return _end(ledger, arguments.config, environ, unknown=arguments.unknown)
    finally:
        ledger.close()


def _tell_of_others(config: Path | None, environ: Mapping[str, str]) -> None:
    """Tell a user of sessions that only the service knows, where it has a list; ask within LIMIT_S."""
    from ravatard.assembly.client import asked, loaded_quietly
    from ravatard.cloud.factory import kind_of

    with suppress(RavatardError, TimeoutError):
        # Nothing is owed: what goes wrong here is no trouble of this command.
        options = loaded_quietly(config, environ).options
        look = kind_of(options).doctor.free.get("orphans")
        if look is not None:
            print(visible(asked(options, partial(_finding, look))))


async def _finding(look: Callable[[ServiceCloud], Awaitable[ServiceFinding]], cloud: ServiceCloud) -> str:
    async with asyncio.timeout(LIMIT_S):
        return (await look(cloud)).text


def _is_newer(directory: Path) -> bool:
    """Return True if the list is a newer ravatard's: its sessions are ended, and nothing is written.

    An older list is migrated first.
    """
    try:
        bring_up_to_date(directory)
    except NewerStateError:
        return True
    return False


def _end(ledger: Ledger, config: Path | None, environ: Mapping[str, str], *, unknown: bool) -> int:
    # Most of the time no session is left open, and none of this is needed.
    from ravatard.cloud.factory import SessionEnder, ending_unknown
    from ravatard.cloud.http import AiohttpNetwork
    from ravatard.cloud.network.access import network_access
    from ravatard.config import load, secrets_of
    from ravatard.config.saved.layer import saved_file
    from ravatard.config.saved.starting import load_at_start

    # What the page has saved must not keep a paid session open.
    read = partial(load, config, with_credentials(environ))
    options = load_at_start(lambda saved: read(saved=saved), saved_file(environ)).loaded.options
    under_systemd = logs.is_journal(sys.stderr, environ)
    logs.configure(options.logging, under_systemd=under_systemd, secrets=secrets_of(options))

    async def all_of_them() -> bool:
        access = network_access(options)
        network = AiohttpNetwork(ping_s=options.deadlines.ping_s, tls=access.issuers, proxies=access.proxies)
        meant = ending_unknown(options) if unknown else options
        ender = SessionEnder(meant, network, random.SystemRandom().random)
        try:
            return await end_all(ledger, ender.end, lambda line: print(visible(line)))
        finally:
            await network.close()

    return 0 if runner.run(all_of_them()) else 1


async def end_all(
    ledger: Ledger, end: Callable[[OwedSession], Awaitable[str | None]], say: Callable[[str], object]
) -> bool:
    """End all owed sessions at the same time, with a line for each; returns True if none is left.

    Args:
        ledger: the list; sessions that are ended are struck off.
        end: returns when one is over, raises RavatardError when it may still be open; a text tells of an
            entry that was no session to end.
        say: takes a line for people.
    """
    owed = ledger.owed()

    async def end_one(number: int, session: OwedSession) -> None:
        host = urlsplit(session.base_url).netloc or session.base_url
        name = f"live session {number} of {len(owed)} at {host}"
        try:
            try:
                async with asyncio.timeout(LIMIT_S):
                    outcome = await end(session)
            except TimeoutError:
                raise LinkTimeout(f"no answer within {LIMIT_S:g} s") from None
        except RavatardError as error:
            say(f"{name}: not ended: {error}")
        else:
            ledger.strike(session)
            say(f"{name}: {outcome or 'ended'}")

    async with asyncio.TaskGroup() as group:
        for number, session in enumerate(owed, 1):
            group.create_task(end_one(number, session), name=f"end {number}")
    return not ledger.owed()
