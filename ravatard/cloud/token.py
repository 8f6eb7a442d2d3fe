"""Token keeper: one token for all callers, renewed ahead of its end by one request at a time."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import Awaitable, Callable

from ravatard.cloud.border import FOREIGN_FAULTS
from ravatard.cloud.foreign_json import decoded, finite
from ravatard.core.token_expiry import LIFETIME_S, TokenExpiry, expiry
from ravatard.errors import DeniedError, RavatardError
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: Wait between two attempts to renew ahead of time while the old token still works.
RENEW_RETRY_S = 60.0
#: So many renewals may follow each other at once, as after a refusal; then one in so many seconds, whatever
#: the tokens and the service say.
RENEW_BURST = 4
RENEW_EVERY_S = 5.0
#: A payload with more characters is not read.
_LONGEST_PAYLOAD = 16_384
#: A time from here on is in milliseconds: as seconds it lies beyond the year 5000.
_LEAST_MS = 1e11


def claims(token: Secret, wall_s: float | None = None) -> tuple[float | None, float | None]:
    """Return ``iat`` and ``exp`` of a JWT, without checking its signature (the service does that).

    A token that is no JWT, or has other claims, gives None: then the documented lifetime holds.

    Args:
        token: the token.
        wall_s: this machine's clock, in seconds since 1970. It stands for a missing ``iat`` when ``exp`` lies
            less than the documented lifetime ahead of it; a clock that is not set yet is far off.
    """
    try:
        payload = token.reveal().split(".")[1]
        if len(payload) > _LONGEST_PAYLOAD:
            return None, None
        # Both alphabets: base64 in a JWT is URL-safe, and some writers do not know that.
        payload = payload.replace("+", "-").replace("/", "_")
        found = decoded(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except FOREIGN_FAULTS:
        return None, None
    if not isinstance(found, dict):
        return None, None
    issued, expires = (_seconds(found.get(name)) for name in ("iat", "exp"))
    if issued is None:
        issued = _seconds(found.get("nbf"))
    if issued is None and expires is not None and wall_s is not None:
        issued = wall_s if 0 < expires - wall_s < LIFETIME_S else None
    return issued, expires


def _seconds(value: object) -> float | None:
    number = finite(value)
    return number / 1000 if number is not None and abs(number) >= _LEAST_MS else number


class TokenKeeper:
    """Holds the current token; renews it when it is old or was refused."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Secret]],
        chance: Callable[[], float],
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Hold no token yet.

        Args:
            fetch: gets a token from the service.
            chance: gives numbers in [0, 1).
            wall: this machine's clock, in seconds since 1970.
        """
        self._fetch = fetch
        self._chance = chance
        self._wall = wall
        self._lock = asyncio.Lock()
        #: Loop time from which on the whole burst of renewals is allowed again.
        self._rested_at = 0.0
        self._token: Secret | None = None
        self._expiry: TokenExpiry | None = None
        self._renewed = asyncio.Event()

    @property
    def held(self) -> Secret | None:
        """Token of the last renewal, whether or not it is still fresh; None without one."""
        return self._token

    @property
    def left(self) -> float | None:
        """Part of the token's lifetime that is left, 1 to 0; None without a token."""
        return None if self._expiry is None else self._expiry.left(self._now())

    async def token(self) -> Secret:
        """Return a token the service should accept.

        Callers that come while a renewal runs wait for that one. When the renewing caller is cancelled, the
        next in line renews: no caller waits for a request that no longer runs.

        Raises:
            LinkError, DeniedError, PeerError: the service gave none, and the old one has expired.
        """
        if self._token is not None and self._expiry is not None and self._fresh(self._expiry):
            return self._token
        async with self._lock:
            # The holder of the lock before us may have renewed.
            if self._token is not None and self._expiry is not None and self._fresh(self._expiry):
                return self._token
            return await self._renew()

    def refused(self, token: Secret) -> None:
        """Drop ``token``, which the service refused. A newer one is left alone."""
        if token == self._token:
            self._token = None
            self._expiry = None

    async def newer(self, token: Secret) -> None:
        """Return when there is another token than ``token``."""
        while self._token is None or self._token == token:
            self._renewed.clear()
            await self._renewed.wait()

    async def keep_fresh(self) -> None:
        """Renew ahead of time, for ever, so that ending a session never waits for a token."""
        loop = asyncio.get_running_loop()
        while True:
            if self._expiry is not None:
                await asyncio.sleep(max(0.0, self._expiry.renew_at - loop.time()))
            try:
                await self.token()
            except DeniedError:
                raise
            except RavatardError as error:
                log.warning("the token could not be renewed ahead of time: %s", error)
            if self._expiry is None or not self._fresh(self._expiry):
                await asyncio.sleep(RENEW_RETRY_S)

    async def _rest(self) -> None:
        """Wait until another renewal is allowed, and count it."""
        allowed_at = self._rested_at - (RENEW_BURST - 1) * RENEW_EVERY_S
        await asyncio.sleep(max(0.0, allowed_at - self._now()))
        self._rested_at = max(self._rested_at, self._now()) + RENEW_EVERY_S

    async def _renew(self) -> Secret:
        await self._rest()
        try:
            token = await self._fetch()
        except RavatardError:
            # An old token that is still valid is better than none: the failure will show when it expires.
            if self._token is not None and self._expiry is not None and self._expiry.alive(self._now()):
                return self._token
            raise
        issued, expires = claims(token, self._wall())
        self._token = token
        self._expiry = expiry(self._now(), issued, expires, self._chance())
        self._renewed.set()
        log.debug("token renewed; next renewal in %.0f s", self._expiry.renew_at - self._now())
        return token

    def _fresh(self, expires: TokenExpiry) -> bool:
        return expires.fresh(self._now())

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
