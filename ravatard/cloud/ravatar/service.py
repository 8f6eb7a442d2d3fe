"""RAVATAR as a ``Cloud``: token, ``/connection``, socket, live session, in this order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit, urlunsplit

from ravatard.cloud.certificate import lost
from ravatard.cloud.lease import Lease
from ravatard.cloud.options import DeadlineOptions, ServiceOptions
from ravatard.cloud.ravatar import rest
from ravatard.cloud.ravatar.account import Accounts
from ravatard.cloud.ravatar.choice import choose_avatar, choose_language
from ravatard.cloud.ravatar.history import (
    DOCUMENTED_PER_PAGE,
    HistoryMessage,
    Reading,
    history_path,
    history_reply,
)
from ravatard.cloud.ravatar.link import RavatarConnection, SocketToken, WireProfile
from ravatard.cloud.ravatar.mode import ModeSelector
from ravatard.cloud.ravatar.options import RavatarOptions, StreamOptions
from ravatard.cloud.ravatar.voice import LiveVoice, url_problem
from ravatard.cloud.ravatar.wire import common_fields
from ravatard.cloud.replies import retry_after
from ravatard.core.capabilities import Capabilities
from ravatard.core.states import VoiceSource
from ravatard.errors import BusyError, DeniedError, LinkError, LinkTimeout, NoSessionError, PeerError
from ravatard.ports.cloud import Connection
from ravatard.ports.host import Ledger, OwedSession
from ravatard.ports.network import Network, Socket, UpgradeRefused
from ravatard.ports.voice import VoicePlayer, VoiceSink
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: How often an ending that failed is tried again while connected.
SETTLE_EVERY_S = 10.0


class RavatarCloud:
    """The service, for one user and one avatar."""

    def __init__(  # noqa: PLR0913 - what a cloud is made of: three option groups, a network, the rest by name
        self,
        service: ServiceOptions,
        stream: StreamOptions,
        deadlines: DeadlineOptions,
        network: Network,
        *,
        user_id: str,
        chance: Callable[[], float],
        ledger: Ledger | None = None,
        ravatar: RavatarOptions | None = None,
        voice_player: VoicePlayer | None = None,
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
            ravatar: live or chat mode; None: as by default.
            voice_player: brings in the live voice; None: somebody else does, or nobody.
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
        options = ravatar or RavatarOptions()
        self._mode = ModeSelector(options, chance)
        self._live_session: rest.LiveSession | None = None
        self._voice: LiveVoice | None = None
        if voice_player is not None:
            tokens = self._account.tokens
            self._voice = LiveVoice(voice_player, self._lease, tokens, chance, options.voice_attempts)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """See :meth:`ravatard.ports.cloud.Cloud.opened`."""
        try:
            async with self._lease.opened():
                yield
        finally:
            await self._network.close()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        """See :meth:`ravatard.ports.cloud.Cloud.connect`; in the mode of the moment."""
        self._lease.prompt()
        live = self._mode.live
        connection = await self.about()
        avatar = choose_avatar(connection, self._service.avatar, live=self._mode.ever_live)
        language = choose_language(connection, self._service.language)
        self._avatar = avatar
        manner = WireProfile(
            capabilities=self._capabilities(live, connection, avatar.name or avatar.id, language),
            common=self._common(connection, avatar, language),
            licence=self._license if live else None,
            changed=lambda: self._mode.changed(live),
        )
        badge = SocketToken(await self._account.tokens.token(), self._account.tokens)
        async with self._socket(badge.token) as socket:
            yield RavatarConnection(socket, manner, badge, self._deadlines.send_s)

    async def about(self) -> rest.ConnectionReply:
        """What the service offers this user: avatars, languages. Costs no money.

        Raises:
            LinkError, DeniedError, PeerError: no token could be had, or no answer.
        """
        return rest.connection_reply(*await self._account.call("GET", "/connection"))

    async def history(
        self, since: datetime | None = None, per_page: int = DOCUMENTED_PER_PAGE
    ) -> AsyncIterator[HistoryMessage]:
        """What was said before, the newest first; pages are fetched as they are needed.

        Args:
            since: nothing older; must have a time zone.
            per_page: messages asked for at a time.

        Raises:
            LinkError, DeniedError, PeerError: no token could be had, or no answer.
        """
        reading = Reading(since)
        while not reading.over:
            path = history_path(self._user_id, per_page, reading.page)
            for message in reading.read(history_reply(*await self._account.call("GET", path))):
                yield message

    async def maintain(self) -> None:
        """Renew the token ahead of time, and end what could not be ended."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle_for_ever(), name="settle")
            await self._account.tokens.keep_fresh()

    async def start_session(self) -> None:
        """See :meth:`ravatard.ports.cloud.Cloud.start_session`; while chat mode takes its place, it is busy.

        Raises:
            BusyError: no avatar is free, or none was a short while ago.
            LinkError, DeniedError, PeerError: see :meth:`ravatard.ports.cloud.Cloud.start_session`.
        """
        if not self._mode.ever_live:
            return
        if not self._mode.live:
            raise BusyError("all avatars were busy a short while ago; chat mode goes on")
        await self._lease.acquire()

    async def voice(self, sink: VoiceSink) -> NoReturn:
        """See :meth:`ravatard.ports.cloud.Cloud.voice`; without a player nothing ever happens."""
        if self._voice is not None:
            await self._voice.run(sink, self._streaming_url)
        while True:
            await asyncio.Event().wait()

    async def picture(self) -> AsyncGenerator[tuple[Secret, Secret] | None, None]:
        """For a display: the live session's ``streamingUrl``, and the token to open it with.

        Told now and at every change, for ever. None: no session is held, or it has nothing to show.
        """
        session: OwedSession | None = None
        while True:
            yield None if session is None else await self._shown(session)
            session = await self._lease.other_than(session)

    async def end_session(self, *, gone: bool = False) -> None:
        """See :meth:`ravatard.ports.cloud.Cloud.end_session`."""
        if gone:
            self._lease.forget()
        await self._lease.release()

    # -------------------------------------------------------------- the calls

    def _license(self) -> Secret:
        if self._lease.held is None:
            raise NoSessionError("there is no live session to send this in")
        return self._lease.held.licence

    def _streaming_url(self, debt: OwedSession) -> Secret:
        session = self._live_session
        known = session is not None and session.license_id == debt.licence
        return session.streaming_url if session is not None and known else Secret("")

    async def _shown(self, debt: OwedSession) -> tuple[Secret, Secret] | None:
        url = self._streaming_url(debt)
        try:
            return None if url_problem(url) else (url, await self._account.tokens.token())
        except (LinkError, DeniedError, PeerError) as error:
            log.warning("the avatar cannot be shown: %s", error)
            return None

    def _capabilities(
        self, live: bool, connection: rest.ConnectionReply, avatar: str, language: str
    ) -> Capabilities:
        if not live:
            voice = VoiceSource.ANSWER
        elif self._voice is not None:
            voice = VoiceSource.STREAM
        else:
            voice = VoiceSource.ELSEWHERE
        return Capabilities(
            streams_audio=live,
            needs_session=live,
            listens=connection.vad_enabled,
            answer_timeout_s=connection.answer_timeout_s,
            avatar=avatar,
            language=language,
            voice=voice,
        )

    def _common(
        self, connection: rest.ConnectionReply, avatar: rest.AvatarInfo, language: str
    ) -> dict[str, Any]:
        return common_fields(avatar.id, self._user_id, language, self._service.source, connection.session)

    async def _start(self) -> OwedSession:
        if self._avatar is None:
            raise LinkError("no avatar is known yet")
        body = rest.start_request(self._avatar.id, self._stream.width, self._stream.height)
        reply = await self._account.call("POST", "/startLiveSession", body, self._deadlines.start_s)
        try:
            session = rest.start_reply(*reply)
        except BusyError as error:
            self._mode.busy(error.retry_after_s)
            raise
        # The address stays here, in memory: the ledger needs no more than what ends the session.
        self._live_session = session
        return OwedSession(session.license_id, self._service.base_url, self._user_id)

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
