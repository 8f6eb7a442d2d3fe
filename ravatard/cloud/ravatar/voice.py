"""The avatar's live voice: a player for as long as a session is held, started again whenever it breaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn
from urllib.parse import urlsplit

from ravatard.cloud.lease import Lease
from ravatard.cloud.token import TokenKeeper
from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.events import SESSION_OVER
from ravatard.errors import DeniedError, LinkError, PeerError
from ravatard.ports.host import OwedSession
from ravatard.ports.voice import VoicePlayer, VoiceSink
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: A session costs money by the minute: who brings in its voice is no fleet, and waits seconds, not minutes.
PAUSES = BackoffOptions(first_s=1.0, longest_s=20.0, stable_s=30.0)


class LiveVoice:
    """Brings in the voice of whichever session is held.

    The player of a session is gone when the session is, and never the other way round. A token that was
    renewed does not disturb a stream that plays: it is for opening one.
    """

    def __init__(
        self,
        player: VoicePlayer,
        lease: Lease,
        tokens: TokenKeeper,
        chance: Callable[[], float],
        attempts: int,
    ) -> None:
        """``attempts``: in a row that failed, before only a new session can help."""
        self._player = player
        self._lease = lease
        self._tokens = tokens
        self._chance = chance
        self._attempts = attempts

    async def run(self, sink: VoiceSink, address: Callable[[OwedSession], Secret]) -> NoReturn:
        """Eternal. Cancelled anywhere, the player is closed first (two seconds, by its contract).

        Args:
            sink: where the sound goes; every ``online`` is followed by an ``offline``.
            address: gives the ``streamingUrl`` of a session, empty when the service gave none.
        """
        session: OwedSession | None = None
        while True:
            if session is None:
                session = await self._lease.other_than(None)
                continue
            async with asyncio.TaskGroup() as group:
                bringing = group.create_task(self._bring_in(address(session), sink), name="live voice")
                session = await self._lease.other_than(session)
                bringing.cancel()

    async def _bring_in(self, url: Secret, sink: VoiceSink) -> None:
        """For one session; returns when nothing more can be done for it."""
        stream = _Stream(sink)
        if odd := url_problem(url):
            stream.broke(odd)
            return
        backoff = Backoff(PAUSES, self._chance)
        failures = 0
        renewed = False
        try:
            while True:
                try:
                    await self._play(url, stream, renew=not renewed)
                except _TokenRefused:
                    renewed = True
                    if stream.up_s() is not None:
                        stream.broke("the stream wants another token")
                    continue
                except (LinkError, DeniedError, PeerError) as error:
                    trouble: LinkError | DeniedError | PeerError = error
                up_s = stream.up_s()
                if up_s is not None and up_s >= PAUSES.stable_s:
                    failures, renewed = 0, False
                failures += 1
                if failures >= self._attempts:
                    stream.broke(f"{trouble}; given up after {failures} attempts", hopeless=True)
                    return
                stream.broke(str(trouble))
                asked_s = trouble.retry_after_s if isinstance(trouble, LinkError) else None
                await asyncio.sleep(backoff.failed(up_s=up_s, retry_after_s=asked_s))
        finally:
            if stream.up_s() is not None:
                stream.broke(SESSION_OVER)

    async def _play(self, url: Secret, stream: _Stream, *, renew: bool) -> NoReturn:
        """One attempt.

        Raises:
            LinkError, DeniedError, PeerError: no token was had, or the stream broke.
            _TokenRefused: the token was refused, and ``renew`` allows another one.
        """
        token = await self._tokens.token()
        try:
            await self._player.play(url, token, stream)
        except DeniedError as error:
            if not renew:
                raise
            log.debug("the stream refuses our token; trying a new one: %s", error)
            self._tokens.refused(token)
            raise _TokenRefused from None


class _TokenRefused(Exception):
    """The stream wants another token. Never leaves this module."""


class _Stream:
    """The sink of one session, which remembers what was told."""

    def __init__(self, sink: VoiceSink) -> None:
        self._sink = sink
        self._up_at: float | None = None
        self._told = ""

    def up_s(self) -> float | None:
        """Seconds since the stream came up; None when it is not up."""
        return None if self._up_at is None else asyncio.get_running_loop().time() - self._up_at

    def online(self) -> None:
        """The player has a stream."""
        if self._up_at is None:
            self._up_at = asyncio.get_running_loop().time()
            self._told = ""
            self._sink.online()

    def feed(self, pcm: bytes) -> None:
        """The player has sound."""
        self._sink.feed(pcm)

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """Not the player's to tell; that it raises tells."""

    def broke(self, reason: str, *, hopeless: bool = False) -> None:
        """The player has no stream (any more). What was told and is still so is not told again."""
        if self._up_at is not None or hopeless or reason != self._told:
            self._sink.offline(reason, hopeless=hopeless)
        self._up_at = None
        self._told = reason


def url_problem(url: Secret) -> str:
    """What is wrong with a ``streamingUrl``, in words and without the URL; "" for nothing."""
    if not url:
        return "the service gave no streamingUrl for the live session, so its voice cannot be had"
    try:
        parts = urlsplit(url.reveal())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    return "" if usable else "the service gave a streamingUrl that is no http(s) address; tell RAVATAR"
