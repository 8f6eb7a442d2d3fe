"""Calls of an AvaTar API: within our limits, each with a deadline, every refusal an error of ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NoReturn
from urllib.parse import urlsplit

from ravatard.cloud.avatar import requests
from ravatard.cloud.avatar.address import ServiceAccess, api_url, plain_key_problem, utilities_url
from ravatard.cloud.avatar.live.call_limits import CallLimits
from ravatard.cloud.avatar.refusals import ApiRefusal, CallMissing, RefusalKind, raise_refusal, refusal_of
from ravatard.cloud.avatar.replies import (
    Health,
    SessionEntry,
    health_reply,
    metrics_reply,
    sessions_reply,
    stop_reply,
)
from ravatard.cloud.avatar.sessions.call_watch import CallWatch
from ravatard.cloud.avatar.sessions.doubts import EndInDoubt
from ravatard.cloud.avatar.sessions.named_ids import stopped_as
from ravatard.cloud.avatar.sessions.session_list import ListVerdict, listing_of, whole_list
from ravatard.cloud.avatar.sessions.stop_verdict import StopVerdict, stop_verdict
from ravatard.cloud.border import FOREIGN_FAULTS, foreign
from ravatard.cloud.certificate import lost
from ravatard.cloud.network.access import NetworkAccess
from ravatard.cloud.network.missed_deadline import missed
from ravatard.cloud.options import DeadlineOptions
from ravatard.cloud.replies import retry_after
from ravatard.cloud.reply_stream import watched_reply
from ravatard.errors import AuthError, DeniedError, LinkError, LinkTimeout, PeerError
from ravatard.ports.network import HttpReply, Network, ReplyStream
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: Calls that change nothing and are repeated when the server fails.
_QUESTIONS = frozenset({requests.SESSIONS, requests.HEALTH, requests.METRICS})
_UTILITIES = frozenset({requests.HEALTH, requests.METRICS})
#: Pauses before a question is repeated that the server failed to answer, with jitter.
_REPEATED_AFTER_S = (0.5, 1.5)
#: Bytes of an error's body that are read.
_ERROR_BYTES = 64 * 1024


class ServiceCalls:
    """Calls of one service.

    Attributes:
        api: address that the calls are appended to.
        host: the service's host, for people.
        limiting: limits of everything that talks to this service.
        way: proxies and issuers, for what is no call of ``network``.
    """

    def __init__(
        self,
        access: ServiceAccess,
        deadlines: DeadlineOptions,
        network: Network,
        chance: Callable[[], float],
        way: NetworkAccess | None = None,
    ) -> None:
        """Ask nothing yet; ``chance`` gives numbers in [0, 1), and without ``way`` there is no proxy.

        Raises:
            DeniedError: the address is none.
        """
        try:
            self.api = api_url(access.base_url)
        except ValueError as error:
            raise DeniedError(f"service.base_url {error}") from None
        self.host, self.way = urlsplit(self.api).netloc, way or NetworkAccess()
        self.limiting = CallLimits(chance)
        self._access, self._deadlines = access, deadlines
        self._network = network
        self._chance = chance

    async def health(self) -> Health:
        """Return the state of the service; one that does not answer this call is asked for its sessions.

        Raises:
            LinkError, DeniedError, PeerError: it is not reached, or is no AvaTar API.
        """
        try:
            body = await self.call(requests.HEALTH)
        except CallMissing:
            await self.sessions()
            return Health()
        except LinkTimeout:
            with suppress(LinkError, DeniedError, PeerError):
                await self.sessions()
                return Health(unwell=(("the call health", "not answered"),))
            raise
        with foreign("the service's reply to health"):
            return health_reply(body)

    async def metrics(self) -> tuple[tuple[str, str], ...]:
        """Return (name, value) of the service's numbers. Raises as :meth:`health` does."""
        body = await self.call(requests.METRICS)
        with foreign("the service's reply to metrics"):
            return metrics_reply(body)

    async def sessions(self) -> tuple[SessionEntry, ...]:
        """Return the sessions that are open, ours and those of others. Raises as :meth:`health` does."""
        return (await self.listed())[0]

    async def listed(self) -> tuple[tuple[SessionEntry, ...], bool]:
        """Return the sessions that are open, and True if no other is. Raises as :meth:`health` does."""
        body = await self.call(requests.SESSIONS)
        with foreign("the list of sessions"):
            return sessions_reply(body), whole_list(body) is not None

    async def stop(self, session_id: Secret, token: Secret | None = None) -> float | None:
        """End a session; return how long it lasted, if the service says. One it does not know has ended.

        Only the service's own word counts, or its list without the session: a page, a queue or a missing call
        ends nothing. ``token``: see :meth:`call`.

        Raises:
            EndInDoubt: its list, which is of another form, does not name it.
            LinkError, DeniedError, PeerError: it may still be open.
        """
        doubt: tuple[ApiRefusal | None, HttpReply] | None = None
        for one in stopped_as(session_id.reveal()):
            body = requests.stop_request(Secret(one))
            refused, reply = await self._asked(requests.STOP, body, self._deadlines.end_s, token)
            verdict = stop_verdict(reply.status, reply.body, Secret(one))
            if verdict is StopVerdict.ENDED:
                with foreign("the service's reply to streaming.stop"):
                    return stop_reply(reply.body)
            if verdict is StopVerdict.OPEN:
                doubt = doubt or (refused, reply)
        if doubt is None:
            return None
        refused, reply = doubt
        is_starting = refused is not None and "STARTING" in refused.code.upper()
        listing = ListVerdict.UNTOLD if is_starting else await self._listing(session_id, token)
        if listing is ListVerdict.UNLISTED:
            log.debug("a session was stopped without a word (%d), and is not listed any more", reply.status)
            return None
        if listing is ListVerdict.IN_DOUBT:
            raise EndInDoubt(f"{self.host} did not say that it ended a session, nor that it is open")
        if refused is None or refused.kind in (RefusalKind.SESSION_GONE, RefusalKind.NO_SUCH_CALL):
            raise LinkError(
                f"{self.host} did not say that it ended a session ({reply.status} at {requests.STOP}); "
                "check service.base_url"
            )
        self.raise_for(refused)

    async def call(
        self,
        call: str,
        body: bytes | None = None,
        *,
        deadline_s: float | None = None,
        token: Secret | None = None,
        watch: CallWatch | None = None,
    ) -> bytes:
        """Make a call, and return the body of its good reply.

        Args:
            call: path of the call, such as "streaming.new".
            body: body of the request; None for a question.
            deadline_s: limit for the reply; None: that of any call.
            token: of the session, for a service that wants it in the place of a key.
            watch: sees each request and its answer.

        Raises:
            SessionVanished: the session of the call is gone.
            BusyError: its limit of calls is reached, ours or the service's, or it has no place.
            LinkError, DeniedError, PeerError: it failed, or was refused.
        """
        limit_s = deadline_s or self._deadlines.request_s
        pauses = list(_REPEATED_AFTER_S) if call in _QUESTIONS else []
        while True:
            await self.limiting.slot(call)
            if watch is not None:
                watch.before()
            refused, reply = await self._asked(call, body, limit_s, token, watch)
            if refused is None:
                self.limiting.accepted(call)
                return reply.body
            if refused.kind is RefusalKind.SERVER and pauses:
                await asyncio.sleep(pauses.pop(0) * (0.5 + self._chance()))
                continue
            if not self.limiting.is_repeated(refused):
                self.raise_for(refused)

    async def tried(self, call: str, body: bytes, *, token: Secret | None) -> tuple[ApiRefusal | None, bytes]:
        """Make a call once, and return its refusal, None for a good reply, and its body.

        Raises:
            LinkError, PeerError, DeniedError: there was no reply.
        """
        refused, reply = await self._asked(call, body, self._deadlines.start_s, token)
        return refused, reply.body

    @asynccontextmanager
    async def answer(self, body: bytes, token: Secret | None, within_s: float) -> AsyncIterator[ReplyStream]:
        """Ask the avatar in writing; its good reply is read inside, while it comes.

        Args:
            body: body of ``chat.completions``.
            token: see :meth:`call`.
            within_s: limit for the beginning of the reply.

        Raises:
            SessionVanished, BusyError, LinkError, DeniedError, PeerError: see :meth:`call`.
        """
        call, used = requests.CHAT, None
        while True:
            await self.limiting.slot(call)
            opening = self._network.stream(
                "POST", f"{self.api}/{call}", headers=self._headers(used, requests.ACCEPT_CHAT), body=body
            )
            try:
                async with asyncio.timeout(within_s):
                    stream = await opening.__aenter__()
            except TimeoutError as late:
                raise LinkTimeout(missed(f"{self.host} did not begin to answer", within_s, late)) from None
            except (OSError, *FOREIGN_FAULTS) as error:
                raise self._lost(error) from None
            try:
                refused = await self._refusal_in(call, stream)
                if refused is None:
                    self.limiting.accepted(call)
                    yield stream
                    return
            finally:
                await opening.__aexit__(None, None, None)
            if refused.kind is RefusalKind.KEY and self._access.key is None and used is not token:
                used = token
            elif not self.limiting.is_repeated(refused):
                self.raise_for(refused)

    # ------------------------------------------------------------------ inside

    async def _asked(
        self,
        call: str,
        body: bytes | None,
        limit_s: float,
        token: Secret | None,
        watch: CallWatch | None = None,
    ) -> tuple[ApiRefusal | None, HttpReply]:
        """Ask once, and once more with the session's token where the service wants a key and we have none."""
        refused, reply = await self._request(call, body, limit_s, None, watch)
        if refused is None or refused.kind is not RefusalKind.KEY or self._access.key or token is None:
            return refused, reply
        return await self._request(call, body, limit_s, token, watch)

    async def _listing(self, session_id: Secret, token: Secret | None) -> ListVerdict:
        """Return what the service's list says about a session."""
        try:
            refused, reply = await self._asked(requests.SESSIONS, None, self._deadlines.end_s, token)
        except (LinkError, DeniedError, PeerError) as error:
            log.debug("the list of sessions, after a stop: %s", error)
            return ListVerdict.UNTOLD
        return ListVerdict.UNTOLD if refused is not None else listing_of(reply.body, session_id)

    async def _request(
        self,
        call: str,
        body: bytes | None,
        limit_s: float,
        token: Secret | None,
        watch: CallWatch | None,
    ) -> tuple[ApiRefusal | None, HttpReply]:
        base = utilities_url(self.api) if call in _UTILITIES else self.api
        asked = "GET" if body is None else "POST", f"{base}/{call}"
        headers = self._headers(token)
        try:
            if watch is not None:
                opening = self._network.stream(*asked, headers=headers, body=body)
                reply = await watched_reply(opening, limit_s, watch)
            else:
                async with asyncio.timeout(limit_s):
                    reply = await self._network.request(*asked, headers=headers, body=body)
        except TimeoutError as late:
            raise LinkTimeout(missed(f"{self.host} did not answer {call}", limit_s, late)) from None
        except (OSError, *FOREIGN_FAULTS) as error:
            raise self._lost(error) from None
        with foreign(f"the service's reply to {call}"):
            return refusal_of(call, reply.status, reply.body, retry_after(reply.retry_after)), reply

    async def _refusal_in(self, call: str, stream: ReplyStream) -> ApiRefusal | None:
        if 200 <= stream.status < 300:
            return None
        body = b""
        try:
            async with asyncio.timeout(self._deadlines.request_s):
                while len(body) < _ERROR_BYTES and (piece := await stream.read()):
                    body += piece
        except OSError:  # TimeoutError is one, too; the status says enough.
            body = b""
        with foreign(f"the service's reply to {call}"):
            return refusal_of(call, stream.status, body, retry_after(stream.retry_after))

    def _headers(self, token: Secret | None, accept: str = requests.ACCEPT) -> dict[str, str]:
        key = self._access.key
        if key is not None and not self._access.plain_key and (problem := plain_key_problem(self.api)):
            raise DeniedError(f"{problem} with avatar.plain_key: true")
        # A token came over the same way, in the reply that made its session.
        return requests.headers(key or token, accept)

    def _lost(self, error: BaseException) -> LinkError:
        reason = error if isinstance(error, OSError) else ConnectionError(type(error).__name__)
        return lost(f"cannot reach {self.host}", self.host, reason)

    def raise_for(self, refused: ApiRefusal) -> NoReturn:
        """Raise the error that fits a refusal; see :func:`raise_refusal`."""
        if refused.kind is RefusalKind.KEY and self._access.key is None:
            raise AuthError(f"the service wants service.api_key ({refused.status} at {refused.call})")
        raise_refusal(refused)
