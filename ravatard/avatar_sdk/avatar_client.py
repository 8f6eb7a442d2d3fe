"""Client of one AvaTar API: it creates sessions, lists them and looks after their end."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Any, Literal, Self

from ravatard.avatar_sdk.api_calls import ApiCalls, by_aiohttp
from ravatard.avatar_sdk.avatar_session import AvatarSession
from ravatard.avatar_sdk.failures import AvatarError, failure_of
from ravatard.avatar_sdk.network_port import NetworkSettings
from ravatard.avatar_sdk.open_sessions import OpenSessions
from ravatard.avatar_sdk.session_info import SessionInfo
from ravatard.avatar_sdk.socket_link import SocketLink, SocketWays
from ravatard.cloud.avatar import replies, requests
from ravatard.cloud.avatar.address import (
    DEFAULT_API_URL,
    plain_key_problem,
    socket_base,
    utilities_url,
)
from ravatard.cloud.avatar.address import api_url as checked_api_url
from ravatard.cloud.avatar.events import object_in
from ravatard.cloud.avatar.refusals import refusal_of
from ravatard.cloud.avatar.replies import NewSession
from ravatard.cloud.avatar.sessions.named_ids import ids_in
from ravatard.errors import PeerError
from ravatard.secret import Secret

Quality = Literal["low", "medium", "high"]


class AvatarClient:
    """Client of one AvaTar API.

    Sessions that a program leaves open are stopped when its event loop ends (``asyncio.run``), also after an
    exception, Ctrl-C or SIGTERM; :meth:`close`, or ``async with``, does it earlier.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each setting of a program
        self,
        api_url: str = DEFAULT_API_URL,
        ws_url: str | None = None,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        allow_plain_key: bool = False,
        proxy: str | None = None,
        ca_file: str | None = None,
    ) -> None:
        """Connect nothing yet.

        Args:
            api_url: address of the API, such as "http://localhost:8000/v1".
            ws_url: address of its sockets, such as "ws://localhost:8001/ws", which is that of the API above;
                None: it is derived from ``api_url``. Port 8000 has its sockets at 8001, a host "api.X" at
                "ws.X", any other at its own "/ws".
            api_key: key of a service that wants one.
            timeout_s: limit for each reply.
            allow_plain_key: True: the key may cross the public network without encryption.
            proxy: HTTP proxy, such as "http://user:password@proxy.example:3128"; the environment names none.
            ca_file: file with issuers, PEM, that are trusted beside those of the machine.

        Raises:
            ValueError: an address is none, the key would be sent without encryption to a public address, or
                proxy or file cannot be used.
        """
        api = checked_api_url(api_url)
        self._socket_base = socket_base(api, ws_url)
        for url in (api, self._socket_base):
            problem = plain_key_problem(url) if api_key is not None and not allow_plain_key else ""
            if problem:
                raise ValueError(f"{problem} with allow_plain_key=True")
        key = Secret(api_key) if api_key is not None else None
        settings = NetworkSettings.checked(proxy, ca_file)
        self._calls = ApiCalls(api, utilities_url(api), key, timeout_s, partial(by_aiohttp, settings))
        self._ways = SocketWays(key)
        self._open = OpenSessions(self._calls.close, self._calls.drop)

    async def __aenter__(self) -> Self:
        await self._open.hold()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def create_session(
        self, quality: Quality = "medium", avatar_id: str | None = None, voice_id: str | None = None
    ) -> AvatarSession:
        """Create a session; it is paid for until it is disconnected.

        Args:
            quality: "low", "medium" or "high".
            avatar_id: avatar; None: the service's own choice.
            voice_id: voice; None: the service's own choice.

        Raises:
            AvatarError: it failed. A session that is made too late is stopped when its answer comes.
        """
        await self._open.hold()
        body = requests.new_request(quality, avatar_id, voice_id)
        self._open.begin()
        session: AvatarSession | None = None
        try:
            created = await self._created(body)
            link = SocketLink(
                self._calls, self._socket_base, self._ways, created.session_id, created.access_token
            )
            session = AvatarSession(self._calls, link, created, self._open)
            session.quality = quality
        finally:
            self._open.begun(session)
        return session

    async def sessions(self) -> list[SessionInfo]:
        """Return the sessions that are open at the service, other clients' included.

        Raises:
            AvatarError: it failed.
        """
        await self._open.hold()
        try:
            entries = replies.sessions_reply(await self._calls.call(requests.SESSIONS))
        except PeerError as error:
            raise AvatarError(str(error)) from None
        return [
            SessionInfo(one.session_id.reveal(), one.status, one.created_at, one.duration_s)
            for one in entries
        ]

    async def stop(self, session_id: str) -> float | None:
        """Stop a session by its id; one that is gone is no fault. Returns its duration in seconds, if told.

        Raises:
            AvatarError: it failed.
        """
        await self._open.hold()
        return await self._calls.stop(Secret(session_id), None, self._calls.timeout_s)

    async def health(self) -> dict[str, Any]:
        """Return the service's health, as it tells it.

        Raises:
            AvatarError: it failed.
        """
        return await self._told(requests.HEALTH)

    async def metrics(self) -> dict[str, Any]:
        """Return the service's metrics, as it tells them.

        Raises:
            AvatarError: it failed.
        """
        return await self._told(requests.METRICS)

    async def close(self) -> None:
        """Disconnect all sessions and close all connections. The client may be used again."""
        await self._open.end()

    async def _told(self, call: str) -> dict[str, Any]:
        await self._open.hold()
        told = object_in(await self._calls.call(call))
        if told is None:
            raise AvatarError(f"the service's reply to {call} is no JSON object")
        return dict(told)

    async def _created(self, body: bytes) -> NewSession:
        """Return the session that a call creates; every other one that the reply names is stopped.

        Raises:
            AvatarError: it failed.
        """
        reply = await self._calls.buy(body)
        named = ids_in(reply.body, good=200 <= reply.status < 300)
        used = ""
        try:
            refused = refusal_of(requests.NEW, reply.status, reply.body, reply.retry_after_s)
            if refused is not None:
                raise failure_of(refused)
            created = replies.new_reply(reply.body)
            used = created.session_id.reveal()
        except PeerError as error:
            raise AvatarError(str(error)) from None
        finally:
            self._calls.stop_aside([one for one in named if one != used])
        return created
