"""Live voice: a player for as long as a session is held, started again whenever its stream breaks."""

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

#: A session costs money by the minute, and only one client opens its stream: wait seconds, not minutes.
PAUSES = BackoffOptions(first_s=1.0, longest_s=20.0, stable_s=30.0)


class LiveVoice:
    """Plays the voice of the session that is held.

    A session's player ends with the session; the end of a player does not end its session. A renewed token
    does not disturb a stream that plays: it only opens one.
    """

    def __init__(
        self,
        player: VoicePlayer,
        lease: Lease,
        tokens: TokenKeeper,
        chance: Callable[[], float],
        attempts: int,
    ) -> None:
        """Play nothing yet; after ``attempts`` failures in a row only a new session can help."""
        self._player = player
        self._lease = lease
        self._tokens = tokens
        self._chance = chance
        self._attempts = attempts

    async def run(self, sink: VoiceSink, address: Callable[[OwedSession], Secret]) -> NoReturn:
        """Play for ever. Cancelling closes the player first (two seconds, by its contract).

        Args:
            sink: takes the sound; every ``online`` is followed by an ``offline``.
            address: gives the ``streamingUrl`` of a session, empty when the service gave none.
        """
        session: OwedSession | None = None
        while True:
            if session is None:
                session = await self._lease.other_than(None)
                continue
            async with asyncio.TaskGroup() as group:
                playing = group.create_task(self._play_session(address(session), sink), name="live voice")
                session = await self._lease.other_than(session)
                playing.cancel()

    async def _play_session(self, url: Secret, sink: VoiceSink) -> None:
        """Play for one session; returns when only another session can help."""
        stream = _Stream(sink)
        if problem := url_problem(url):
            stream.broke(problem)
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
        """Make one attempt.

        Raises:
            LinkError, DeniedError, PeerError: there is no token, or the stream broke.
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
    """Refusal of the token by the stream. Never leaves this module."""


class _Stream:
    """Sink of one session; does not repeat a report."""

    def __init__(self, sink: VoiceSink) -> None:
        self._sink = sink
        self._up_at: float | None = None
        self._reported = ""

    def up_s(self) -> float | None:
        """Return seconds since the stream came up; None when it is not up."""
        return None if self._up_at is None else asyncio.get_running_loop().time() - self._up_at

    def online(self) -> None:
        """Note that the player has a stream."""
        if self._up_at is None:
            self._up_at = asyncio.get_running_loop().time()
            self._reported = ""
            self._sink.online()

    def feed(self, pcm: bytes) -> None:
        """Pass sound on."""
        self._sink.feed(pcm)

    def begin_answer(self) -> None:
        """Pass it on; no stream has answers in pieces."""
        self._sink.begin_answer()

    def end_answer(self) -> None:
        """Pass it on."""
        self._sink.end_answer()

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """Ignore it: the player reports a failure by raising."""

    def broke(self, reason: str, *, hopeless: bool = False) -> None:
        """Report that there is no stream (any more), unless the same was reported already."""
        if self._up_at is not None or hopeless or reason != self._reported:
            self._sink.offline(reason, hopeless=hopeless)
        self._up_at = None
        self._reported = reason


def url_problem(url: Secret) -> str:
    """Return the fault of a ``streamingUrl``, without the URL itself; "" for none."""
    if not url:
        return "the service gave no streamingUrl for the live session, so its voice cannot be had"
    try:
        parts = urlsplit(url.reveal())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    return "" if usable else "the service gave a streamingUrl that is no http(s) address; tell RAVATAR"
