"""``ravatard page``: shows where the owner's page is, and gives access to it."""

from __future__ import annotations

import argparse
import os
import stat
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ravatard.cli.control import socket_of
from ravatard.cli.options import add_config, add_socket, add_state
from ravatard.cli.page.access import Inaccessible, new_code, new_password, new_token, revoke_token, token_rows
from ravatard.cli.page.address import addresses, qr_code
from ravatard.cli.terminal import typeable, visible
from ravatard.config import ConfigErrors, load
from ravatard.config.saved.layer import refused_change
from ravatard.exit_status import ExitStatus
from ravatard.host.control.client import NoDaemonError, NotRunningError, ask
from ravatard.host.credentials import with_credentials
from ravatard.host.page.access_file import StateAccessFile
from ravatard.host.page.certificate import NAME as CERTIFICATE
from ravatard.host.page.certificate import fingerprint
from ravatard.host.state import SYSTEM, state_directory
from ravatard.host.state_file import read_state
from ravatard.installation import owners_command, restarting
from ravatard.web.page.options import PageOptions

_SEALED = "Its certificate belongs to the service: with sudo its fingerprint is shown, too."
_FINGERPRINT = "Fingerprint of its certificate (SHA-256): "
_SCOPES = ("read", "control", "configure")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``page``."""
    parser.epilog = (
        "Without an action: the addresses, and a QR code for a phone. code: six digits with which a new "
        "appliance is claimed, for ten minutes. password: set a new one, also instead of a lost one, and log "
        "every browser out. tokens: list the tokens of programs; add NAME and revoke ID change them."
    )
    parser.add_argument(
        "action",
        nargs="?",
        choices=("show", "code", "password", "tokens"),
        default="show",
        help="what to do (default: show)",
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="for tokens: add NAME, or revoke ID")
    parser.add_argument(
        "--scope",
        action="append",
        choices=_SCOPES,
        default=[],
        help="what a new token may do; may be repeated (default: read)",
    )
    add_config(parser)
    add_state(parser)
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when it is done, 1 when there is no page to show, 2 for a wrong line.

    Raises:
        ConfigErrors: the configuration has mistakes.
        Inaccessible: the caller may not read or change the page's passwords.
    """
    file = StateAccessFile(state_directory(os.environ, arguments.state))
    if arguments.words and arguments.action != "tokens":
        return _usage(f"{arguments.action} takes no further word")
    if arguments.action != "show" and (refusal := refused_change(os.environ, arguments.state)):
        raise Inaccessible(refusal)
    if arguments.action == "show":
        return _show(arguments)
    if arguments.action == "code":
        print(f"Enter these digits on the page within ten minutes: {new_code(file, time.time())}")
        return 0
    if arguments.action == "password":
        new_password(file)
        print("The password is set; every browser has to log in again.")
        return 0
    return _tokens(file, arguments.words, arguments.scope)


def _show(arguments: argparse.Namespace) -> int:
    """Print where the running appliance serves its page; return 0, or 1 when it is on and not served.

    The daemon is asked: its port may be taken, its configuration another one or older.
    """
    try:
        report = ask(socket_of(arguments), {"do": "status"}).get("status")
    except NotRunningError:
        start = "`sudo systemctl start ravatard`" if SYSTEM.is_dir() else "`ravatard run`"
        return _show_configured(
            arguments, f"ravatard does not run, so that no page is there yet; after {start}:"
        )
    except NoDaemonError as error:
        # Of another user, or stuck: it may serve its page all the same.
        return _show_configured(arguments, f"{error}. This is what the configuration says:")
    if not isinstance(report, dict) or "page" not in report:
        return _show_configured(arguments, "The daemon does not say where its page is; configured is:")
    place = report["page"]
    if place is None:
        return _show_off(arguments.config)
    for fault in report["degraded"]:
        if fault.startswith("the page "):
            print(visible(typeable(fault)))
    if place["port"] is None:
        return 1
    _print_served(place, arguments)
    return 0


def _print_served(place: Mapping[str, Any], arguments: argparse.Namespace) -> None:
    """Print the addresses of a page that is served, and what is to be known before they are opened."""
    found = addresses(place["scheme"], place["port"], place["listen"], place["names"])
    print(visible("\n".join(found), lines=True))
    if place["scheme"] == "https":
        print(_fingerprint(_configured(arguments.config), arguments.state))
    # An older daemon does not say it.
    if not place.get("claimed", True):
        print(typeable(_unclaimed(place["listen"])))
    if place["listen"] == "lan" and (picture := qr_code(found[0])):
        print(picture)


def _unclaimed(listen: str) -> str:
    """Return what a page without a password means."""
    who = (
        "every user and program of this machine" if listen == "loopback" else "everyone in the local network"
    )
    code, password = owners_command("ravatard page code"), owners_command("ravatard page password")
    return (
        f"It has no password yet: {who} can open it, and who knows six digits (`{code}`) sets one and owns "
        f"the appliance. Set one now: `{password}`"
    )


def _configured(config: Path | None) -> PageOptions:
    """Return section ``page`` of the configuration.

    Raises:
        ConfigErrors: the configuration has mistakes, or may not be read.
    """
    return load(config, with_credentials(os.environ)).options.page


def _show_configured(arguments: argparse.Namespace, why: str) -> int:
    """Print what the configuration says, after ``why`` the daemon does not say it."""
    options = _configured(arguments.config)
    if options.listen == "off":
        return _print_off()
    print(visible(typeable(why)))
    scheme = "http" if options.tls == "off" else "https"
    print("\n".join(addresses(scheme, options.port, options.listen, options.names)))
    if options.tls != "off":
        print(_fingerprint(options, arguments.state))
    return 1


def _show_off(config: Path | None) -> int:
    """Print that the running appliance has no page, and how to get one."""
    try:
        options = _configured(config)
    except ConfigErrors:
        options = PageOptions()
    if options.listen == "off":
        return _print_off()
    print(
        f"The running appliance has no page: it was started before page.listen was {options.listen}, or with "
        f"another configuration; {restarting()} applies this one."
    )
    return 1


def _print_off() -> int:
    print(
        "The page is off. Switch it on with page.listen: loopback or lan, and set a password with\n"
        f"  {typeable(owners_command('ravatard page password'))}"
    )
    return 0


def _fingerprint(options: PageOptions, chosen: Path | None) -> str:
    """Return the fingerprint of the page's certificate, for comparison with what a browser shows."""
    if options.tls == "files":
        return _owners_fingerprint(Path(options.certificate or ""))
    if refused_change(os.environ, chosen):
        return _SEALED
    file = state_directory(os.environ, chosen) / CERTIFICATE
    try:
        return _FINGERPRINT + fingerprint(read_state(file).decode())
    except PermissionError:
        return _SEALED
    except (OSError, ValueError):
        return f"There is no certificate at {file} yet: the daemon makes it when it starts."


def _owners_fingerprint(file: Path) -> str:
    """Return the fingerprint of a certificate of the owner's own, which the daemon does not make."""
    missing = f"There is no certificate at {file}: correct page.certificate."
    try:
        # A pipe is read for ever.
        is_file = stat.S_ISREG(file.stat().st_mode)
        return _FINGERPRINT + fingerprint(file.read_text()) if is_file else missing
    except PermissionError:
        return _SEALED
    except FileNotFoundError:
        return missing
    except (OSError, ValueError):
        return f"{file} holds no certificate that can be read (PEM): correct page.certificate."


def _tokens(file: StateAccessFile, words: list[str], scopes: list[str]) -> int:
    match words:
        case []:
            rows = token_rows(file)
            print("\n".join(visible(row) for row in rows) if rows else "There is no token.")
        case ["add", name]:
            print(new_token(file, name, scopes or ["read"], time.time()))
            print("It is shown this once. Programs send it as: Authorization: Bearer TOKEN", file=sys.stderr)
        case ["revoke", key]:
            revoke_token(file, key)
            print("The token is revoked.")
        case _:
            return _usage("tokens takes nothing, add NAME, or revoke ID")
    return 0


def _usage(what: str) -> int:
    print(f"ravatard page: {what}", file=sys.stderr)
    return ExitStatus.MISUSED
