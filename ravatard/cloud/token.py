"""Token keeper: one token for all callers, renewed ahead of its end by one request at a time."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
from collections.abc import Awaitable, Callable

from ravatard.core.token_expiry import TokenExpiry, expiry
from ravatard.errors import DeniedError, RavatardError
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: Wait between two attempts to renew ahead of time while the old token still works.
RENEW_RETRY_S = 60.0


def claims(token: Secret) -> tuple[float | None, float | None]:
    """Return ``iat`` and ``exp`` of a JWT, without checking its signature (the service does that).

    A token that is no JWT, or has other claims, gives None: then the documented lifetime holds.
    """
    try:
        payload = token.reveal().split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, binascii.Error, ValueError, RecursionError):
        return None, None
    if not isinstance(found, dict):
        return None, None

    def number(name: str) -> float | None:
        value = found.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    return number("iat"), number("exp")


class TokenKeeper:
    """Holds the current token; renews it when it is old or was refused."""

    def __init__(self, fetch: Callable[[], Awaitable[Secret]], chance: Callable[[], float]) -> None:
        """Hold no token yet; ``fetch`` gets one from the service, ``chance`` gives numbers in [0, 1)."""
        self._fetch = fetch
        self._chance = chance
        self._lock = asyncio.Lock()
        self._token: Secret | None = None
        self._expiry: TokenExpiry | None = None
        self._renewed = asyncio.Event()

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

    async def _renew(self) -> Secret:
        try:
            token = await self._fetch()
        except RavatardError:
            # An old token that is still valid is better than none: the failure will show when it expires.
            if self._token is not None and self._expiry is not None and self._expiry.alive(self._now()):
                return self._token
            raise
        issued, expires = claims(token)
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
