"""RAVATAR as a ``Cloud``: token, ``/connection``, socket, live session, in this order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit, urlunsplit

from ravatard.cloud.certificate import lost
from ravatard.cloud.lease import Lease
from ravatard.cloud.options import DeadlineOptions, ServiceOptions, StreamOptions
from ravatard.cloud.ravatar import rest
from ravatard.cloud.ravatar.account import Accounts
from ravatard.cloud.ravatar.choice import choose_avatar, choose_language
from ravatard.cloud.ravatar.link import Badge, RavatarWire
from ravatard.cloud.ravatar.wire import common_fields
from ravatard.cloud.replies import retry_after
from ravatard.core.audio import CHUNK_SAMPLES
from ravatard.core.events import Capabilities
from ravatard.errors import LinkError, LinkTimeout, NoSessionError
from ravatard.ports import Debt, Ledger, Network, Socket, UpgradeRefused, Wire
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: How often an ending that failed is tried again while connected.
SETTLE_EVERY_S = 10.0


class RavatarCloud:
    """The service, for one user and one avatar."""

    def __init__(
        self,
        service: ServiceOptions,
        stream: StreamOptions,
        deadlines: DeadlineOptions,
        network: Network,
        *,
        user_id: str,
        chance: Callable[[], float],
        ledger: Ledger | None = None,
    ) -> None:
        """Nothing is asked of the service yet.

        Args:
            service: which service, as whom, for which avatar.
            stream: the picture to ask for.
            deadlines: how long the service may take.
            network: how it is reached; closed with the cloud.
            user_id: used when the configuration names none.
            chance: gives numbers in [0, 1).
            ledger: where live sessions are written down; None: nowhere. What is on it is ended, also when it
                was started by another user or at another base URL.
        """
        self._service = service
        self._stream = stream
        self._deadlines = deadlines
        self._network = network
        self._user_id = service.user_id or user_id
        accounts = Accounts(service.project_id, deadlines, network, chance)
        self._account = accounts.of(service.base_url, self._user_id)
        # A start in flight may be waited for on the way out, then the ending itself.
        self._lease = Lease(self._start, accounts.end, close_s=deadlines.end_s * 2 + 0.5, ledger=ledger)
        self._avatar: rest.AvatarInfo | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """See :meth:`ravatard.ports.Cloud.opened`."""
        try:
            async with self._lease.opened():
                yield
        finally:
            await self._network.close()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Wire]:
        """See :meth:`ravatard.ports.Cloud.connect`."""
        self._lease.prompt()
        connection = rest.connection_reply(*await self._account.call("GET", "/connection"))
        avatar = choose_avatar(connection, self._service.avatar)
        language = choose_language(connection, self._service.language)
        self._avatar = avatar
        common = common_fields(avatar.id, self._user_id, language, self._service.source, connection.session)
        capabilities = Capabilities(
            streams_audio=True,
            chunk_samples=CHUNK_SAMPLES,
            needs_session=True,
            listens=connection.vad_enabled,
            answer_timeout_s=connection.answer_timeout_s,
            avatar=avatar.name or avatar.id,
            language=language,
        )
        badge = Badge(await self._account.tokens.token(), self._account.tokens)
        async with self._socket(badge.token) as socket:
            yield RavatarWire(socket, capabilities, common, self._license, badge, self._deadlines.send_s)

    async def maintain(self) -> None:
        """Renew the token ahead of time, and end what could not be ended."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle_for_ever(), name="settle")
            await self._account.tokens.keep_fresh()

    async def start_session(self) -> None:
        """See :meth:`ravatard.ports.Cloud.start_session`."""
        await self._lease.acquire()

    async def end_session(self, *, gone: bool = False) -> None:
        """See :meth:`ravatard.ports.Cloud.end_session`."""
        if gone:
            self._lease.forget()
        await self._lease.release()

    # -------------------------------------------------------------- the calls

    def _license(self) -> Secret:
        if self._lease.held is None:
            raise NoSessionError("there is no live session to send this in")
        return self._lease.held.licence

    async def _start(self) -> Debt:
        if self._avatar is None:
            raise LinkError("no avatar is known yet")
        body = rest.start_request(self._avatar.id, self._stream.width, self._stream.height)
        reply = await self._account.call("POST", "/startLiveSession", body, self._deadlines.start_s)
        return Debt(rest.start_reply(*reply).license_id, self._service.base_url, self._user_id)

    @asynccontextmanager
    async def _socket(self, token: Secret) -> AsyncIterator[Socket]:
        base = self._service.socket_url or socket_url(self._service.base_url)
        url = f"{base}?token={quote(token.reveal(), safe='')}"
        opening = self._network.socket(url, headers={})
        try:
            async with asyncio.timeout(self._deadlines.connect_s):
                socket = await opening.__aenter__()
        except TimeoutError:
            limit = self._deadlines.connect_s
            raise LinkTimeout(f"the socket at {self._account.host} did not open within {limit:g} s") from None
        except UpgradeRefused as refused:
            if refused.status in (401, 403):
                # The next attempt comes with a new token; were that refused too, /connection would say so.
                self._account.tokens.refused(token)
                raise LinkError(f"{self._account.host} refuses the socket ({refused.status})") from None
            rest.raise_for_status("the socket", refused.status, retry_after(refused.retry_after))
            raise LinkError(f"{self._account.host} answers the socket with status {refused.status}") from None
        except OSError as error:
            host = self._account.host
            raise lost(f"cannot open a socket to {host}", host, error) from None
        try:
            yield socket
        finally:
            await opening.__aexit__(None, None, None)

    async def _settle_for_ever(self) -> None:
        # We are connected: what failed while we were not need not wait any longer.
        await self._lease.settle()
        while True:
            await asyncio.sleep(SETTLE_EVERY_S)
            self._lease.prompt()


def socket_url(base_url: str) -> str:
    """The documented socket beside ``base_url``: ws(s), same host, path /ws/chat."""
    parts = urlsplit(base_url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + "/ws/chat", "", ""))
