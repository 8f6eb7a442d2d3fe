"""Passwords, codes and tokens of the owner's page, changed in its file; a running daemon notices at once."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from ravatard.cli.terminal import is_text
from ravatard.errors import RavatardError
from ravatard.installation import owners_command
from ravatard.ports.page import AccessFile
from ravatard.web.page.access.password import hashed
from ravatard.web.page.access.record import (
    MOST_TOKENS,
    AccessRecord,
    DamagedAccess,
    changing,
    decoded,
    one_time_code,
    random_token,
)
from ravatard.web.page.api.types import NewPassword, NewToken


class Inaccessible(RavatardError):
    """The caller may not read or change the page's passwords, or gave a value that they do not take."""


def new_code(file: AccessFile, now: float) -> str:
    """Return six digits with which the appliance can be claimed from ``now`` on.

    Raises:
        Inaccessible: it has a password, or the file cannot be changed.
    """
    digits, kept = one_time_code(now)

    def change(before: AccessRecord) -> AccessRecord:
        if before.password is not None:
            raise Inaccessible(
                "this appliance has a password already; "
                f"`{owners_command('ravatard page password')}` sets a new one"
            )
        return replace(before, code=kept)

    _update(file, change)
    return digits


def new_password(file: AccessFile, read: Callable[[], str] | None = None) -> None:
    """Set a new password; a damaged file is made anew, without tokens.

    Args:
        file: the file of passwords.
        read: asks for it; None: at the terminal twice, else a line of standard input.

    Raises:
        Inaccessible: it is too short or too long, or no text, or the file cannot be changed.
    """
    password = _typed(read or _asked)
    try:
        msgspec.convert({"current": password, "password": password}, NewPassword)
    except msgspec.ValidationError:
        raise Inaccessible("a password has 8 to 200 characters") from None
    new = hashed(password)

    def change(content: bytes | None) -> bytes:
        try:
            before = decoded(content)
        except DamagedAccess:
            before = AccessRecord()
        return msgspec.json.encode(before.with_password(new))

    _change_file(file, change)


def new_token(file: AccessFile, name: str, scopes: Sequence[str], now: float) -> str:
    """Return a new token.

    Raises:
        Inaccessible: its name is not taken, there are too many, there is no password
            yet, or the file cannot be changed.
    """
    try:
        wish = msgspec.convert({"name": name, "scopes": list(scopes)}, NewToken)
    except msgspec.ValidationError:
        raise Inaccessible("the name of a token has 1 to 60 characters") from None
    if not is_text(name):
        raise Inaccessible("the name of a token is text: found bytes that are no UTF-8")
    secret, made = random_token(wish.name, wish.scopes, now)

    def change(before: AccessRecord) -> AccessRecord:
        if before.password is None:
            raise Inaccessible(
                "there is no password yet, and until then the page lets no token in; set one first: "
                f"`{owners_command('ravatard page password')}`"
            )
        if len(before.tokens) >= MOST_TOKENS:
            raise Inaccessible(f"there are {MOST_TOKENS} tokens already: revoke one first")
        return replace(before, tokens=[*before.tokens, made])

    _update(file, change)
    return secret


def revoke_token(file: AccessFile, key: str) -> None:
    """Revoke the token of this id.

    Raises:
        Inaccessible: there is none, or the file cannot be changed.
    """

    def change(before: AccessRecord) -> AccessRecord:
        if all(one.id != key for one in before.tokens):
            lists = owners_command("ravatard page tokens")
            raise Inaccessible(f"there is no token {key}; `{lists}` lists them")
        return replace(before, tokens=[one for one in before.tokens if one.id != key])

    _update(file, change)


def token_rows(file: AccessFile) -> list[str]:
    """Return one line a token.

    Raises:
        Inaccessible: the file cannot be read.
    """
    try:
        record = decoded(file.read())
    except OSError as error:
        raise _denied(error) from error
    return [f"{one.id}  {one.name}  {', '.join(one.scopes)}  {_used(one.used_at)}" for one in record.tokens]


def _used(at: float | None) -> str:
    return "never used" if at is None else f"used {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _update(file: AccessFile, change: Callable[[AccessRecord], AccessRecord]) -> None:
    _change_file(file, changing(change))


def _change_file(file: AccessFile, change: Callable[[bytes | None], bytes | None]) -> None:
    try:
        file.update(change)
    except OSError as error:
        raise _denied(error) from error


def _denied(error: OSError) -> Inaccessible:
    if isinstance(error, PermissionError) and os.geteuid() != 0:
        return Inaccessible("the page's passwords belong to the service: repeat the command with sudo")
    return Inaccessible(f"the page's passwords cannot be changed: {error}")


def _typed(read: Callable[[], str]) -> str:
    """Return the password that ``read`` asks for.

    Raises:
        Inaccessible: there is none, or it is none that a browser could send.
    """
    try:
        password: str | None = read()
    except EOFError:
        raise Inaccessible("no password was typed; nothing was changed") from None
    except UnicodeDecodeError:
        password = None
    if password is None or not is_text(password):
        raise Inaccessible("a password is text: found bytes that are no UTF-8, which no browser sends")
    return password


def _asked() -> str:
    """Ask for a password.

    Raises:
        Inaccessible: the two differ.
        EOFError: the terminal ended.
        UnicodeDecodeError: bytes are no text.
    """
    if not sys.stdin.isatty():
        # A file that was written under Windows may begin with a mark, and ends its lines by two characters.
        return sys.stdin.readline().removeprefix("\ufeff").rstrip("\r\n")
    first = getpass.getpass("New password of the page (8 characters or more): ")
    if getpass.getpass("Again: ") != first:
        raise Inaccessible("these two differ; nothing was changed")
    return first
