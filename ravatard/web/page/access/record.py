"""Content of the file of passwords and tokens: only hashes, as JSON.

Secrets with 256 bits of chance need no slow hash: SHA-256 of them cannot be guessed back.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence

import msgspec

from ravatard.errors import RavatardError
from ravatard.installation import owners_command
from ravatard.web.page.access.claim import TRIES, VALID_S
from ravatard.web.page.access.password import PasswordHash
from ravatard.web.page.api.types import Scope

#: Browsers that may be logged in at once; a further one takes the place of the one that was away longest.
MOST_SESSIONS = 16
MOST_TOKENS = 32
#: Beginning of every token, by which scanners for secrets know it.
TOKEN_PREFIX = "rvp_"  # noqa: S105 - no token
#: Length of an id in bytes; it is written in hexadecimal.
ID_BYTES = 8
_TOKEN_BYTES = 32
IDLE_S = 7 * 86_400.0
LONGEST_S = 30 * 86_400.0
#: A clock may go back by so much: a Raspberry Pi without a battery begins with the time of its last hour.
CLOCK_BACK_S = 86_400.0
#: Use is noted as often as that, at most: the file lies on an SD card.
NOTED_S = 3_600.0
#: A code may be valid for so much longer than it was made for, when the clock is set back.
_CODE_AHEAD_S = 300.0
_VERSION = 1


class DamagedAccess(RavatardError):
    """The file of passwords cannot be understood: no caller is let in, and no claim is taken."""


class KeptSession(msgspec.Struct, frozen=True):
    """A browser that is logged in. Times are seconds since 1970.

    Attributes:
        id: names it in lists; tells nothing of its cookie.
        digest: hash of the value of its cookie.
        address: where it logged in from.
        made_at: when it logged in.
        used_at: when it was last seen, to the hour.
    """

    id: str
    digest: str
    address: str
    made_at: float
    used_at: float

    def is_over(self, now: float) -> bool:
        """Return True if it was idle, or has been there, for too long; also while the clock does not tell.

        With a clock that was set back it would live for ever. When the clock is right again, so is it.
        """
        return max(self.made_at, self.used_at) - now > CLOCK_BACK_S or self.has_ended(now)

    def has_ended(self, now: float) -> bool:
        """Return True if it was idle, or has been there, for too long by any clock that goes on from now."""
        return now - self.used_at > IDLE_S or now - self.made_at > LONGEST_S


class KeptToken(msgspec.Struct, frozen=True):
    """A token of a program; as :class:`KeptSession`."""

    id: str
    name: str
    digest: str
    scopes: list[Scope]
    made_at: float
    used_at: float | None = None


class KeptCode(msgspec.Struct, frozen=True):
    """A one-time code from the command line. ``digest``: hash of its salt and digits."""

    salt: str
    digest: str
    expires_at: float
    tries_left: int

    def matches(self, code: str, now: float) -> bool:
        """Return True if ``code`` is the one, and still valid."""
        in_time = now < self.expires_at <= now + VALID_S + _CODE_AHEAD_S
        return self.tries_left > 0 and in_time and digest_of(self.salt + code) == self.digest


class AccessRecord(msgspec.Struct, frozen=True):
    """Everything in the file."""

    version: int = _VERSION
    password: PasswordHash | None = None
    sessions: list[KeptSession] = []
    tokens: list[KeptToken] = []
    code: KeptCode | None = None

    def with_password(self, password: PasswordHash) -> AccessRecord:
        """Return it with a new password: every session ends, and no code is valid any more."""
        return msgspec.structs.replace(self, password=password, sessions=[], code=None)

    def with_session(self, session: KeptSession, now: float) -> AccessRecord:
        """Return it with one more session; those that are over go, and the idlest if there are too many."""
        kept = sorted((one for one in self.sessions if not one.has_ended(now)), key=lambda one: one.used_at)
        return msgspec.structs.replace(self, sessions=[*kept[-(MOST_SESSIONS - 1) :], session])

    def after_wrong_code(self) -> AccessRecord:
        """Return it after a wrong code, of which only so many are taken."""
        if self.code is None or self.code.tries_left <= 1:
            return msgspec.structs.replace(self, code=None)
        code = msgspec.structs.replace(self.code, tries_left=self.code.tries_left - 1)
        return msgspec.structs.replace(self, code=code)


def random_token(name: str, scopes: Sequence[Scope], now: float) -> tuple[str, KeptToken]:
    """Return the secret of a new token, and what is kept of it."""
    secret = f"{TOKEN_PREFIX}{secrets.token_urlsafe(_TOKEN_BYTES)}"
    return secret, KeptToken(secrets.token_hex(ID_BYTES), name, digest_of(secret), sorted(set(scopes)), now)


def one_time_code(now: float) -> tuple[str, KeptCode]:
    """Return new digits for a claim, valid for ten minutes and three tries, and what is kept of them."""
    digits, salt = six_digits(), secrets.token_hex(16)
    return digits, KeptCode(salt, digest_of(salt + digits), now + VALID_S, TRIES)


def six_digits() -> str:
    """Return the digits of a new code."""
    return f"{secrets.randbelow(1_000_000):06}"


def digest_of(secret: str) -> str:
    """Return the hash by which a secret of high entropy is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def decoded(content: bytes | None) -> AccessRecord:
    """Return the content of a file; that of a missing one is empty.

    Raises:
        DamagedAccess: it is none of ours.
    """
    if content is None:
        return AccessRecord()
    try:
        record = msgspec.json.decode(content, type=AccessRecord)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        record = None
    usable = record is not None and (record.password is None or record.password.is_usable())
    if record is None or record.version != _VERSION or not usable:
        raise DamagedAccess(
            "the page's passwords cannot be read: their file is damaged; "
            f"`{owners_command('ravatard page password')}` makes it anew"
        )
    return record


def changing(
    change: Callable[[AccessRecord], AccessRecord | None],
) -> Callable[[bytes | None], bytes | None]:
    """Return ``change`` as a change of the file's content; None from it: leave it."""

    def changed(content: bytes | None) -> bytes | None:
        record = change(decoded(content))
        return None if record is None else msgspec.json.encode(record)

    return changed
