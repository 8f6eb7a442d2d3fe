"""Socket of one session: opened with what the service takes, read, and opened again when it breaks."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from typing import Any

from ravatard.avatar_sdk.api_calls import ApiCalls
from ravatard.avatar_sdk.event_handlers import EventHandlers
from ravatard.avatar_sdk.failures import (
    AvatarAuthError,
    ConnectionLost,
    SessionGone,
    Unavailable,
)
from ravatard.avatar_sdk.network_port import EventSocket, SocketClosedByPeer, SocketRefused
from ravatard.cloud.avatar.address import shown_url, socket_url
from ravatard.cloud.avatar.events import ErrorSaid, frame_in, meaning_of, objects_in
from ravatard.cloud.avatar.reactions import Closure, Reaction, closure_of, reaction_to
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: Pauses before the second and later attempts, and the limit for all of them: a place on the service is held
#: meanwhile.
_PAUSES_S = (0.5, 1.0, 2.0, 4.0)
_LONGEST_OUTAGE_S = 15.0
#: A socket that lived for this long begins a new row of attempts.
_STABLE_S = 30.0
_GONE = frozenset({404, 409, 410})
_AUTH = frozenset({401, 403})
#: RFC 9110, 15: below are replies that are no failures, such as a page.
_REFUSALS_FROM = 400


class SocketWays:
    """Ways to prove on a socket that its session is ours; no document says which one a service wants.

    Attributes:
        worked: the way that worked; it is taken for further sessions.
    """

    def __init__(self, key: Secret | None) -> None:
        self.worked = 0
        self._key = key

    def count(self, token: Secret | None) -> int:
        """Return the number of ways that are possible."""
        return len(self._all(token))

    def way(self, at: int, token: Secret | None) -> tuple[dict[str, str], str | None]:
        """Return headers and the token in the address for the way ``at``, of :meth:`count`."""
        bearer, query = self._all(token)[at]
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer.reveal()}"}
        return headers, query.reveal() if query is not None else None

    def _all(self, token: Secret | None) -> list[tuple[Secret | None, Secret | None]]:
        ways: list[tuple[Secret | None, Secret | None]] = [(token or self._key, None)]
        if token is not None:
            ways += [(self._key, None)] if self._key is not None else []
            ways.append((None, token))
        return ways


class SocketLink:
    """Socket of one session, from :meth:`open` to its end.

    Attributes:
        handlers: handlers of its events.
        opened: set while the socket is open.
        closing: :meth:`close` was called.
    """

    def __init__(
        self, calls: ApiCalls, base: str, ways: SocketWays, session_id: Secret, token: Secret | None
    ) -> None:
        """Connect nothing yet.

        Args:
            calls: the client's calls, for its connections.
            base: address that the session's id is appended to.
            ways: ways to prove that the session is ours.
            session_id: id.
            token: its access token; None without.
        """
        self.handlers = EventHandlers()
        self.opened = asyncio.Event()
        self._calls = calls
        self._base = base
        self._ways = ways
        self._session_id = session_id
        self._token = token
        self._socket: EventSocket | None = None
        self.closing = False
        self._opening = False
        self._limit = calls.limits.socket
        self._binary_told = False
        self._opened_at = 0.0
        #: Breaks in a row, and openings that were refused after the fact, since the socket was stable.
        self._breaks = 0
        self._refusals = 0

    async def open(self) -> None:
        """Open the socket.

        Raises:
            SessionGone: there is no such session.
            AvatarAuthError: every way to prove that it is ours is refused.
            Unavailable: the service refuses it for another reason.
            ConnectionLost: there is no way to it, or something else is there.
        """
        self._opening = True
        try:
            self._socket = await self._open()
        finally:
            self._opening = False
        self._opened_at = asyncio.get_running_loop().time()
        if self.closing:
            await self._socket.close()
        self.opened.set()

    async def run(self) -> None:
        """Read events until :meth:`close`; a socket that breaks is opened again, for 15 seconds at most.

        Raises:
            SessionGone: the session is gone.
            AvatarError: it cannot be opened again.
        """
        while True:
            closed = await self._read()
            if self.closing:
                return
            self.opened.clear()
            self.handlers.put("disconnected", {"type": "disconnected", "code": closed})
            await self._again(closure_of(closed))
            self.handlers.put("connected", {"type": "connected"})

    async def send(self, text: str, *, urgent: bool = False) -> None:
        """Send one message, within the documented limit; while the socket is away it waits for it.

        Args:
            text: the message.
            urgent: it is not held up by the limit.

        Raises:
            ConnectionLost: the socket was never opened, or is away and does not come back.
        """
        if self._socket is None and not self._opening and not self.closing:
            raise ConnectionLost("the socket is not open; call connect() first")
        time = asyncio.get_running_loop().time
        while not urgent:
            wait_s = self._limit.wait_s(time())
            if wait_s <= 0.0:
                break
            await asyncio.sleep(wait_s)
        self._limit.count(time())
        try:
            async with asyncio.timeout(_LONGEST_OUTAGE_S):
                await self.opened.wait()
        except TimeoutError:
            raise ConnectionLost(
                f"the socket is not open and did not come back in {_LONGEST_OUTAGE_S:.0f} s"
            ) from None
        if self._socket is None or self.closing:
            raise ConnectionLost("the session is disconnected")
        await self._socket.send(text)

    async def close(self) -> None:
        """Close the socket; :meth:`run` ends by itself."""
        self.closing = True
        # Those who wait to send find that it is over.
        self.opened.set()
        if self._socket is not None:
            await self._socket.close()

    async def close_when(self, over: asyncio.Event) -> None:
        """Close the socket once ``over`` is set."""
        await over.wait()
        await self.close()

    async def _open(self) -> EventSocket:
        count = self._ways.count(self._token)
        tries = sorted(range(count), key=lambda at: at != self._ways.worked % count)
        for at in tries:
            headers, query = self._ways.way(at, self._token)
            url = socket_url(self._base, self._session_id.reveal(), query)
            try:
                socket = await self._calls.network.socket(url, headers, self._calls.timeout_s)
            except SocketRefused as error:
                if error.status in _AUTH:
                    continue
                if error.status in _GONE:
                    message = f"{shown_url(self._base)} knows no such session; check ws_url, too"
                    raise SessionGone(message, status=error.status) from None
                if error.status < _REFUSALS_FROM:
                    # A page or a redirect. A proxy may show one while its service starts: it is tried again.
                    message = f"{shown_url(self._base)} is no WebSocket (status {error.status}); check ws_url"
                    raise ConnectionLost(message, status=error.status) from None
                message = f"the service refuses the socket with status {error.status}"
                raise Unavailable(message, status=error.status) from None
            self._ways.worked = at
            return socket
        raise AvatarAuthError("the service refuses every proof that the session is ours on the socket")

    async def _again(self, closure: Closure) -> None:
        """Open the socket again.

        Raises:
            AvatarError: that is not possible.
        """
        self._check(closure)
        time = asyncio.get_running_loop().time
        if time() - self._opened_at >= _STABLE_S:
            self._breaks = 0
        until = time() + _LONGEST_OUTAGE_S
        while True:
            await asyncio.sleep(self._pause_s(later=closure is Closure.LATER))
            if self.closing:
                return
            try:
                async with asyncio.timeout_at(until):
                    await self.open()
            except (ConnectionLost, Unavailable, TimeoutError) as error:
                if time() + _PAUSES_S[-1] >= until:
                    raise ConnectionLost(
                        f"the socket broke and did not come back in time ({error})"
                    ) from None
            else:
                return

    def _check(self, closure: Closure) -> None:
        """Look whether the socket may be opened again.

        Raises:
            AvatarError: it may not.
        """
        if closure is Closure.GONE:
            raise SessionGone("the service ended the session")
        if closure is Closure.TAKEN:
            raise SessionGone("another client took the session")
        if closure is Closure.AUTH:
            # The way that seemed to work was refused after the opening.
            self._refusals += 1
            self._ways.worked += 1
            if self._refusals >= self._ways.count(self._token):
                raise AvatarAuthError(
                    "the service refuses every proof that the session is ours on the socket"
                )

    def _pause_s(self, *, later: bool) -> float:
        """Return the pause before the next attempt: none at first, then longer ones, with jitter."""
        at, self._breaks = self._breaks, self._breaks + 1
        if at == 0 and not later:
            return 0.0
        longest = _PAUSES_S[min(max(at - 1, 0), len(_PAUSES_S) - 1)]
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter

    async def _read(self) -> int | None:
        """Read events until the socket ends; return its close code."""
        socket = self._socket
        try:
            while socket is not None:
                message = await socket.receive()
                if message is None:
                    self._tell_binary()
                else:
                    self._event(message)
        except SocketClosedByPeer as closed:
            return closed.code
        return None

    def _event(self, message: str | bytes) -> None:
        if frame_in(message) is not None:
            if self.handlers.wanted("frame"):
                self.handlers.put("frame", message)
            return
        for event in objects_in(message):
            if event is None:
                log.debug("a message of the service is no JSON object (%d characters)", len(message))
            else:
                self._one_event(event, len(message))

    def _one_event(self, event: Mapping[str, Any], size: int) -> None:
        name = event.get("type")
        if not isinstance(name, str):
            return
        self._refusals = 0
        meaning = meaning_of(event, size)
        if (
            isinstance(meaning, ErrorSaid)
            and reaction_to(meaning.code, meaning.message) is Reaction.SLOW_DOWN
        ):
            self._limit.slow_down(asyncio.get_running_loop().time())
        if isinstance(meaning, ErrorSaid) and not self.handlers.wanted("error"):
            log.warning("the service reports an error: %s", meaning.name)
        self.handlers.put(name.casefold(), event)
        if isinstance(meaning, ErrorSaid) and reaction_to(meaning.code) is Reaction.EXPIRED:
            raise SessionGone(meaning.message or "the session is gone", code=meaning.code)

    def _tell_binary(self) -> None:
        if not self._binary_told:
            self._binary_told = True
            log.warning("the service sends binary messages, which the API does not know; they are ignored")
