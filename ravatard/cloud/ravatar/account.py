"""Account: one user at one base URL, with its token, its calls, and the ending of its sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from ravatard.cloud.border import FOREIGN_FAULTS, foreign, plain
from ravatard.cloud.certificate import lost
from ravatard.cloud.network.missed_deadline import missed
from ravatard.cloud.options import DeadlineOptions
from ravatard.cloud.ravatar import rest
from ravatard.cloud.ravatar.endings import check_ended
from ravatard.cloud.replies import retry_after
from ravatard.cloud.token import TokenKeeper
from ravatard.errors import LinkError, LinkTimeout
from ravatard.ports.host import OwedSession
from ravatard.ports.network import BrokenReply, HttpReply, Network
from ravatard.secret import Secret

#: An HTTP status, the whole body, the seconds of Retry-After, and the server that answered, for people.
Answer = tuple[int, bytes, float | None, str]


class Account:
    """One user at one service.

    Attributes:
        tokens: this user's token.
        host: the service's host, for people.
    """

    def __init__(
        self,
        base_url: str,
        user_id: str,
        project_id: Secret | None,
        deadlines: DeadlineOptions,
        network: Network,
        chance: Callable[[], float],
    ) -> None:
        """Ask nothing yet; ``project_id`` is the configured one, ``chance`` gives numbers in [0, 1)."""
        self.tokens = TokenKeeper(self._fetch_token, chance)
        self.host = urlsplit(base_url).netloc or base_url
        self._base_url = base_url.rstrip("/")
        self._user_id = user_id
        self._project_id = project_id
        self._deadlines = deadlines
        self._network = network

    async def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        deadline_s: float | None = None,
        see: Callable[[bytes], None] | None = None,
    ) -> Answer:
        """Call with our token; after 403 renew it and repeat, once (Authentication document).

        Args:
            method: of HTTP.
            path: path of the call.
            body: body of the request.
            deadline_s: limit for each request; None: the configured one.
            see: gets the body of every answer, also of one that is repeated or broke off.

        Raises:
            LinkError, DeniedError, PeerError: no token, or no answer.
        """
        for last in (False, True):
            token = await self.tokens.token()
            try:
                reply = await self._call(method, path, deadline_s or self._deadlines.request_s, body, token)
            except _BrokenOff as error:
                if see is not None:
                    see(error.body)
                raise
            if see is not None:
                see(reply[1])
            if rest.status_of(*reply[:2]) not in (401, 403) or last:
                break
            self.tokens.refused(token)
        return reply

    async def end(self, license_id: Secret) -> None:
        """End a live session of this user. One that the service does not know any more counts as ended.

        All of it, a token included, takes two of the configured deadlines at most, as it delays stopping.

        Raises:
            LinkError, DeniedError, PeerError: it may still be open.
        """
        limit_s = 2 * self._deadlines.end_s
        try:
            async with asyncio.timeout(limit_s):
                answer = await self.call(
                    "POST", "/endLiveSession", rest.end_request(license_id), self._deadlines.end_s
                )
        except TimeoutError:
            raise LinkTimeout(f"{self.host} did not end a live session within {limit_s:g} s") from None
        with foreign("the service's reply to /endLiveSession"):
            check_ended(*answer)

    async def _fetch_token(self) -> Secret:
        body = rest.token_request(self._user_id, self._project_id)
        answer = await self._call("POST", "/jwt", self._deadlines.token_s, body)
        with foreign("the service's reply to /jwt"):
            return rest.token_reply(*answer)

    async def _call(
        self,
        method: str,
        path: str,
        deadline_s: float,
        body: bytes | None = None,
        token: Secret | None = None,
    ) -> Answer:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        try:
            async with asyncio.timeout(deadline_s):
                reply: HttpReply = await self._network.request(
                    method, self._base_url + path, headers=headers, body=body
                )
        except TimeoutError as late:
            call = path.partition("?")[0]
            raise LinkTimeout(missed(f"{self.host} did not answer {call}", deadline_s, late)) from None
        except (OSError, *FOREIGN_FAULTS) as error:
            reason = error if isinstance(error, OSError) else ConnectionError(type(error).__name__)
            failed = lost(f"cannot reach {self.host}", self.host, reason)
            if isinstance(error, BrokenReply):
                raise _BrokenOff(str(failed), error.body) from None
            raise failed from None
        with foreign("the service's header"):
            origin = f"{plain(reply.server, 200)} at {self.host}" if reply.server else self.host
            return reply.status, reply.body, retry_after(reply.retry_after), origin


class _BrokenOff(LinkError):
    """Answer that broke off, with the body that came. Caught as any LinkError outside of this module."""

    def __init__(self, message: str, body: bytes) -> None:
        super().__init__(message)
        self.body = body


class Accounts:
    """Accounts of one project: our own, and those under which sessions on the ledger were started."""

    def __init__(
        self,
        project_id: Secret | None,
        deadlines: DeadlineOptions,
        network: Network,
        chance: Callable[[], float],
    ) -> None:
        """Ask nothing yet; see :class:`Account`."""
        self._project_id = project_id
        self._deadlines = deadlines
        self._network = network
        self._chance = chance
        self._known: dict[tuple[str, str], Account] = {}

    def of(self, base_url: str, user_id: str) -> Account:
        """Return the account of a user at a service."""
        key = base_url.rstrip("/"), user_id
        if key not in self._known:
            self._known[key] = Account(
                base_url, user_id, self._project_id, self._deadlines, self._network, self._chance
            )
        return self._known[key]

    async def end(self, session: OwedSession) -> None:
        """End a live session, under the account that started it.

        Raises:
            LinkError, DeniedError, PeerError: it may still be open.
        """
        await self.of(session.base_url, session.account).end(session.id)
