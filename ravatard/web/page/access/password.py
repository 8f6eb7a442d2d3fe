"""Hash of a password, by scrypt.

Sources: RFC 7914; the cost is the one that its section 2 recommends for interactive log-ins, 16 MB and 40 ms
on a desktop, some 300 ms on a small board.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import msgspec

COST, BLOCK, LANES = 16_384, 8, 1
_SALT_BYTES = 16
_HASH_BYTES = 32
#: scrypt takes 128 * BLOCK bytes for each; its limit leaves room for this many.
_HIGHEST_COST = 32_768
_MEMORY_BYTES = 64 * 1024 * 1024


class PasswordHash(msgspec.Struct, frozen=True):
    """Salted hash of a password.

    Attributes:
        salt: random, hexadecimal.
        digest: of the password, hexadecimal.
        cost: scrypt's N with which it was made.
    """

    salt: str
    digest: str
    cost: int

    def is_usable(self) -> bool:
        """Return True if a password can be compared with it; a damaged file may hold anything."""
        try:
            salt, digest = bytes.fromhex(self.salt), bytes.fromhex(self.digest)
        except ValueError:
            return False
        power_of_two = self.cost & (self.cost - 1) == 0
        return bool(salt) and len(digest) == _HASH_BYTES and power_of_two and 2 <= self.cost <= _HIGHEST_COST


def hashed(password: str) -> PasswordHash:
    """Return a new hash of ``password``. Blocks for the time that guessing once shall take."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return PasswordHash(salt.hex(), _digest(password, salt, COST).hex(), COST)


def matches(password: str, stored: PasswordHash) -> bool:
    """Return True if ``stored`` was made of ``password``; takes as long for a wrong one. Blocks.

    Raises:
        ValueError: ``stored`` is damaged.
    """
    found = _digest(password, bytes.fromhex(stored.salt), stored.cost)
    return hmac.compare_digest(found, bytes.fromhex(stored.digest))


def _digest(password: str, salt: bytes, cost: int) -> bytes:
    # A half of a surrogate pair, which JSON can express, becomes what no other password is.
    written = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        written, salt=salt, n=cost, r=BLOCK, p=LANES, dklen=_HASH_BYTES, maxmem=_MEMORY_BYTES
    )
