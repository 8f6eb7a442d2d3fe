"""JSON Web Tokens (HS256, RFC 7515 and 7519): signed, verified, and expiring."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
from dataclasses import dataclass

import msgspec

_HEADER = b'{"alg":"HS256","typ":"JWT"}'


class TokenRefused(Exception):
    """A token is not accepted.

    Attributes:
        kind: "token_missing", "token_invalid" or "token_expired".
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims of a verified token.

    Attributes:
        user_id: the user it was issued for.
        project_id: the project, or None.
        expires_at_s: Unix time at which it expires.
    """

    user_id: str
    project_id: str | None
    expires_at_s: float


class _Payload(msgspec.Struct):
    user_id: str
    exp: float
    project_id: str | None = None


class TokenMint:
    """Issuer of tokens, which verifies its own.

    Attributes:
        lifetime_s: lifetime of the tokens issued from now on.
    """

    def __init__(self, key: bytes, lifetime_s: float) -> None:
        self._key = key
        self.lifetime_s = lifetime_s
        self._numbers = itertools.count(1)

    def sign(self, user_id: str, project_id: str | None, wall_s: float) -> str:
        """Issue a token for this user, valid from ``wall_s`` (Unix time) on.

        ``iat`` is a whole second rounded down and ``exp`` counts from it, as common JWT libraries do: a token
        is valid for up to a second less than its lifetime, and with lifetime 0 it has expired at once.
        """
        issued = int(wall_s)
        expires = issued + self.lifetime_s
        payload: dict[str, object] = {
            "user_id": user_id,
            "project_id": project_id,
            "iat": issued,
            # Two tokens of one second must differ, to distinguish a renewed one from the old one.
            "jti": str(next(self._numbers)),
            "exp": int(expires) if expires == int(expires) else expires,
        }
        signed = f"{_encode(_HEADER)}.{_encode(msgspec.json.encode(payload))}"
        return f"{signed}.{self._signature(signed)}"

    def verify(self, token: str, wall_s: float) -> Claims:
        """Verify ``token`` at Unix time ``wall_s`` and return its claims.

        Raises:
            TokenRefused: it is empty, not issued here, or expired.
        """
        if not token:
            raise TokenRefused("token_missing")
        signed, dot, signature = token.rpartition(".")
        expected = self._signature(signed)
        # The signature covers header and payload as they stand: a header naming another algorithm fails here.
        if not dot or not hmac.compare_digest(_bytes(signature), _bytes(expected)):
            raise TokenRefused("token_invalid")
        encoded = signed.partition(".")[2]
        payload = msgspec.json.decode(_decode(encoded), type=_Payload)
        if wall_s >= payload.exp:
            raise TokenRefused("token_expired")
        return Claims(payload.user_id, payload.project_id, payload.exp)

    def label(self, what: str) -> str:
        """Return 16 hex digits derived from ``what`` and the key: stable here, different elsewhere."""
        return hmac.new(self._key, _bytes(what), hashlib.sha256).hexdigest()[:16]

    def _signature(self, signed: str) -> str:
        return _encode(hmac.new(self._key, _bytes(signed), hashlib.sha256).digest())


def _bytes(text: str) -> bytes:
    # Text from a header is compared, never trusted: unencodable text must neither match nor raise.
    return text.encode("utf-8", "backslashreplace")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
