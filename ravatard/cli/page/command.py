"""``ravatard page``: shows where the owner's page is, and gives access to it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from ravatard.cli.options import add_config, add_state
from ravatard.cli.page.access import new_code, new_password, new_token, revoke_token, token_rows
from ravatard.cli.page.address import addresses, qr_code
from ravatard.cli.terminal import visible
from ravatard.config import load
from ravatard.exit_status import ExitStatus
from ravatard.host.credentials import with_credentials
from ravatard.host.page.access_file import StateAccessFile
from ravatard.host.page.certificate import NAME as CERTIFICATE
from ravatard.host.page.certificate import fingerprint
from ravatard.host.state import state_directory
from ravatard.host.state_file import read_state
from ravatard.web.page.options import PageOptions

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


def run(arguments: argparse.Namespace) -> int:
    """Return exit status 0 when it is done, 2 for a wrong line.

    Raises:
        ConfigErrors: the configuration has mistakes.
        Inaccessible: the caller may not read or change the page's passwords.
    """
    file = StateAccessFile(state_directory(os.environ, arguments.state))
    if arguments.words and arguments.action != "tokens":
        return _usage(f"{arguments.action} takes no further word")
    if arguments.action == "show":
        return _show(arguments.config, state_directory(os.environ, arguments.state))
    if arguments.action == "code":
        print(f"Enter these digits on the page within ten minutes: {new_code(file, time.time())}")
        return 0
    if arguments.action == "password":
        new_password(file)
        print("The password is set; every browser has to log in again.")
        return 0
    return _tokens(file, arguments.words, arguments.scope)


def _show(config: Path | None, state: Path) -> int:
    options = load(config, with_credentials(os.environ)).options.page
    if options.listen == "off":
        print(
            "The page is off. Switch it on with page.listen: loopback or lan, and set a password with\n"
            "  sudo ravatard page password"
        )
        return 0
    found = addresses(options)
    print("\n".join(found))
    if options.tls != "off":
        print(_fingerprint(options, state))
    if options.listen == "lan" and (picture := qr_code(found[0])):
        print(picture)
    return 0


def _fingerprint(options: PageOptions, state: Path) -> str:
    """Return the fingerprint of the page's certificate, for comparison with what a browser shows."""
    file = Path(options.certificate or "") if options.tls == "files" else state / CERTIFICATE
    try:
        pem = file.read_text() if options.tls == "files" else read_state(file).decode()
        return f"Fingerprint of its certificate (SHA-256): {fingerprint(pem)}"
    except PermissionError:
        return "Its certificate belongs to the service: with sudo its fingerprint is shown, too."
    except (OSError, ValueError):
        return f"There is no certificate at {file} yet: the daemon makes it when it starts."


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
