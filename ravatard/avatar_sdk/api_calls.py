"""Calls of the API: addresses, authentication, limits, and the errors of refusals."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic, sleep

from ravatard.avatar_sdk.failures import AvatarError, ConnectionLost, RateLimited, failure_of
from ravatard.avatar_sdk.network_port import (
    DIRECT,
    ApiNetwork,
    ApiRequest,
    ComingReply,
    NetworkSettings,
    WholeReply,
)
from ravatard.avatar_sdk.stop_steps import StopOutcome, stop_steps
from ravatard.cloud.avatar import requests
from ravatard.cloud.avatar.limits import LONGEST_WAIT_S, ApiLimits
from ravatard.cloud.avatar.refusals import ApiRefusal, RefusalKind, refusal_of
from ravatard.cloud.avatar.sessions.named_ids import ids_in
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: Before each attempt to stop a session, and for one attempt at one that is not used.
_PAUSES_S = (0.0, 0.5, 1.5)
_STOP_S = 2.0
_UNUSED_S = 8.0
#: Limits by API: a service counts a program's calls, not its clients'. Each holds for the whole process.
_LIMITS: dict[str, ApiLimits] = {}
_MOST_APIS = 64
_UTILITIES = frozenset({requests.HEALTH, requests.METRICS})


def by_aiohttp(settings: NetworkSettings = DIRECT) -> ApiNetwork:
    """Return a network; ``settings``: proxy and issuers."""
    # It takes most of a program's start.
    from ravatard.avatar_sdk.network_io import NetworkPool

    return NetworkPool(settings)


def limits_of(api: str) -> ApiLimits:
    """Return what this process may call at ``api`` when, by all of its clients together."""
    limits = _LIMITS.pop(api, None) or ApiLimits()
    _LIMITS[api] = limits
    if len(_LIMITS) > _MOST_APIS:
        # The one that was asked for least recently.
        del _LIMITS[next(iter(_LIMITS))]
    return limits


class ApiCalls:
    """Calls of one client.

    Attributes:
        key: the configured key; None without.
        limits: what may be called when, by all clients of this API.
        timeout_s: limit for each reply.
    """

    def __init__(
        self,
        api: str,
        utilities: str,
        key: Secret | None,
        timeout_s: float,
        network: Callable[[], ApiNetwork] = by_aiohttp,
    ) -> None:
        """Connect nothing yet.

        Args:
            api: address that calls are appended to.
            utilities: address that ``health`` and ``metrics`` are appended to.
            key: API key.
            timeout_s: limit for each reply.
            network: makes the connections.
        """
        self.key = key
        self.limits = limits_of(api)
        self.timeout_s = timeout_s
        self._api = api
        self._utilities = utilities
        self._make = network
        self._network: ApiNetwork | None = None
        self._token_is_key = False

    @property
    def network(self) -> ApiNetwork:
        """Connections, made with the first call."""
        if self._network is None:
            self._network = self._make()
        return self._network

    async def call(
        self, call: str, body: bytes | None = None, token: Secret | None = None, within_s: float | None = None
    ) -> bytes:
        """Make a call and return the body of its good reply; without ``body`` it is a GET.

        Args:
            call: such as "streaming.new".
            body: its body.
            token: access token of its session, for a service that wants one and was given no key.
            within_s: limit for the reply; None: the client's.

        Raises:
            AvatarError: it failed.
        """
        reply = await self._exchange(call, body, token, within_s or self.timeout_s)
        refused = refusal_of(call, reply.status, reply.body, reply.retry_after_s)
        if refused is not None:
            raise failure_of(refused)
        return reply.body

    async def buy(self, body: bytes) -> WholeReply:
        """Make a session and return the reply, of any status; one that comes too late is stopped.

        Raises:
            AvatarError: no reply came in time.
        """
        await self.slot(requests.NEW)
        purchase = self.network.purchase(
            self._ready(requests.NEW, body, None), self.timeout_s, self._unwanted
        )
        try:
            return await purchase.reply()
        except BaseException:
            purchase.leave()
            raise

    async def stop(self, session_id: Secret, token: Secret | None, within_s: float) -> float | None:
        """Stop a session and return the seconds it lasted, if the service tells them.

        Raises:
            AvatarError: it may still be open.
        """
        steps = stop_steps(session_id)
        step = next(steps)
        while True:
            reply = await self._exchange(step.call, step.body, token, within_s)
            try:
                step = steps.send(reply)
            except StopIteration as over:
                outcome: StopOutcome = over.value
                break
        if outcome.failure is not None:
            raise outcome.failure
        return outcome.duration_s

    async def stop_for_sure(self, session_id: Secret, token: Secret | None, within_s: float) -> float | None:
        """Stop a session as :meth:`stop`, and try it again within ``within_s`` seconds.

        Raises:
            AvatarError: it may still be open.
        """
        failure: AvatarError = ConnectionLost("the service did not answer in time")
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                for pause_s in _PAUSES_S:
                    await asyncio.sleep(pause_s)
                    try:
                        return await self.stop(session_id, token, within_s)
                    except AvatarError as error:
                        failure = error
        raise failure

    def stop_at_once(self, session_id: Secret, token: Secret | None, within_s: float) -> bool:
        """Stop a session without a loop; blocks. Returns False if it may still be open. Never raises."""
        until = monotonic() + within_s
        steps = stop_steps(session_id)
        step = next(steps)
        try:
            while True:
                reply = self.network.exchange(
                    self._ready(step.call, step.body, self._proof(token)), max(0.1, until - monotonic())
                )
                if reply.status == 401 and self.key is None and token is not None:
                    reply = self.network.exchange(
                        self._ready(step.call, step.body, token), max(0.1, until - monotonic())
                    )
                step = steps.send(reply)
        except StopIteration as over:
            outcome: StopOutcome = over.value
            return outcome.failure is None
        except AvatarError:
            return False

    def stop_aside(self, session_ids: Sequence[str]) -> None:
        """Stop unused sessions beside the loop: no caller waits for it or can prevent it."""
        if session_ids:
            self.network.aside(lambda: self._stop_unused(session_ids), _UNUSED_S * len(session_ids))

    async def stream(self, call: str, body: bytes, token: Secret | None) -> ComingReply:
        """Make a call and return its good reply, whose body is still to come; close it at the end.

        Raises:
            AvatarError: it failed.
        """
        reply = await self._request(call, body, token, requests.ACCEPT_CHAT, self.timeout_s)
        if 200 <= reply.status < 300:
            return reply
        try:
            content = await reply.read_all(self.timeout_s)
        finally:
            reply.close()
        refused = refusal_of(call, reply.status, content, reply.retry_after_s)
        raise failure_of(refused or ApiRefusal(call, reply.status, RefusalKind.NOT_THE_API))

    async def slot(self, call: str) -> None:
        """Wait until ``call`` is within the documented limits.

        Raises:
            RateLimited: that would take more than five seconds.
        """
        time = asyncio.get_running_loop().time
        until = time() + LONGEST_WAIT_S
        while not self.limits.take(call, time()):
            wait_s = self.limits.wait_s(call, time())
            if time() + wait_s > until:
                raise RateLimited(
                    f"{call} would be over the documented limit; wait {wait_s:.0f} s", retry_after_s=wait_s
                )
            await asyncio.sleep(wait_s)

    async def close(self) -> None:
        """Close all connections."""
        if self._network is not None:
            await self._network.close()

    def drop(self) -> None:
        """Forget all connections of a loop that has ended."""
        if self._network is not None:
            self._network.drop()

    def _unwanted(self, reply: WholeReply) -> None:
        """Stop what a call has bought whose caller has left; blocks."""
        self._stop_unused(ids_in(reply.body, good=200 <= reply.status < 300))

    def _stop_unused(self, session_ids: Sequence[str]) -> None:
        for one in session_ids:
            if not any(self._tried(one, pause_s) for pause_s in _PAUSES_S):
                log.warning("a session that was made could not be stopped and may still be open")

    def _tried(self, session_id: str, pause_s: float) -> bool:
        sleep(pause_s)
        return self.stop_at_once(Secret(session_id), None, _STOP_S)

    def _proof(self, token: Secret | None) -> Secret | None:
        return token if self.key is None and self._token_is_key else self.key

    def _ready(self, call: str, body: bytes | None, proof: Secret | None) -> ApiRequest:
        base = self._utilities if call in _UTILITIES else self._api
        method = "GET" if body is None else "POST"
        return ApiRequest(method, f"{base}/{call}", requests.headers(proof or self.key), body)

    async def _exchange(
        self, call: str, body: bytes | None, token: Secret | None, within_s: float
    ) -> WholeReply:
        """Make a call and return its whole reply, of any status.

        Raises:
            AvatarError: none came.
        """
        reply = await self._request(call, body, token, requests.ACCEPT, within_s)
        try:
            return WholeReply(reply.status, await reply.read_all(within_s), reply.retry_after_s)
        finally:
            reply.close()

    async def _request(
        self, call: str, body: bytes | None, token: Secret | None, accept: str, within_s: float
    ) -> ComingReply:
        await self.slot(call)
        base = self._utilities if call in _UTILITIES else self._api
        method, url = "GET" if body is None else "POST", f"{base}/{call}"
        key = self._proof(token)
        reply = await self.network.request(method, url, requests.headers(key, accept), body, within_s)
        if reply.status == 401 and key is None and token is not None:
            # A service may take its session's token where no key was given.
            reply.close()
            reply = await self.network.request(method, url, requests.headers(token, accept), body, within_s)
            self._token_is_key = reply.status != 401
        return reply
