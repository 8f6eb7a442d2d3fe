"""RAVATAR as a cloud: token, ``/connection``, socket, live session, in this order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import quote

from ravatard.cloud.border import FOREIGN_FAULTS, foreign
from ravatard.cloud.certificate import lost
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.lease import Lease
from ravatard.cloud.network.missed_deadline import missed
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.ravatar import rest
from ravatard.cloud.ravatar.account import Accounts
from ravatard.cloud.ravatar.choice import choose_avatar, choose_language
from ravatard.cloud.ravatar.connection import RavatarConnection, SocketToken, WireProfile
from ravatard.cloud.ravatar.licences import licences_in
from ravatard.cloud.ravatar.mode import ModeSelector
from ravatard.cloud.ravatar.voice import LiveVoice, url_problem
from ravatard.cloud.ravatar.wire import common_fields
from ravatard.cloud.replies import retry_after
from ravatard.core.capabilities import Capabilities
from ravatard.core.states import VoiceSource
from ravatard.errors import (
    BusyError,
    DeniedError,
    InternalError,
    LinkError,
    LinkTimeout,
    NoSessionError,
    PeerError,
    RavatardError,
)
from ravatard.ports.cloud import Avatar, Connection, Directory, Endings, HistoryMessage
from ravatard.ports.host import OwedSession
from ravatard.ports.network import Socket, UpgradeRefused
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret

log = logging.getLogger(__name__)

KIND = "ravatar"  # ``service.kind``, and the kind of the sessions on the ledger
#: Period at which endings that failed are tried again while connected.
SETTLE_EVERY_S = 10.0
#: A start that was not answered in its time is waited for so much longer: its answer names a session.
LATE_START_S = 120.0


class RavatarCloud:
    """The service, for one user and one avatar; implements :class:`ravatard.ports.cloud.ServiceCloud`."""

    def __init__(self, options: CloudOptions, resources: CloudResources) -> None:
        """Ask nothing of the service yet. Needs a running event loop."""
        self._service = options.service
        self._stream = options.stream
        self._deadlines = options.deadlines
        self._network = resources.network
        self._end_other = resources.end_other
        self._user_id = options.service.user_id or resources.user_id
        chance = resources.chance
        self._accounts = Accounts(options.service.project_id, options.deadlines, resources.network, chance)
        self._account = self._accounts.of(options.service.base_url, self._user_id)
        # A start in flight may be waited for when the cloud is left, then the ending itself.
        close_s, start_s = options.deadlines.end_s * 2 + 0.5, options.deadlines.start_s
        self._lease = Lease(self._start, self._end, close_s=close_s, start_s=start_s, ledger=resources.ledger)
        self.endings: Endings = self._lease
        self._avatar: Avatar | None = None
        self._mode = ModeSelector(options.ravatar, chance)
        self._live_session: rest.LiveSession | None = None
        self._voice: LiveVoice | None = None
        tokens = self._account.tokens
        self.token_dies_at = tokens.dies_at
        if (player := resources.voice_player) is not None:
            self._voice = LiveVoice(player, self._lease, tokens, chance, options.ravatar.voice_attempts)

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
        reply = await self._connection_reply()
        avatar = choose_avatar(
            reply.directory,
            self._service.avatar,
            live=self._mode.ever_live,
            falls_back=self._mode.falls_back,
        )
        self._mode.avatar_chosen(has_live_mode=avatar.has_live_mode)
        live = self._mode.live
        language = choose_language(reply.directory, self._service.language)
        self._avatar = avatar
        profile = WireProfile(
            capabilities=self._capabilities(live, reply, avatar.name or avatar.id, language),
            common=self._common(reply, avatar, language),
            license_id=self._license_id if live else None,
            changed=lambda: self._mode.changed(live),
        )
        token = SocketToken(await self._account.tokens.token(), self._account.tokens)
        async with self._socket(token.token) as socket:
            yield RavatarConnection(socket, profile, token, self._deadlines.send_s)

    async def about(self) -> Directory:
        """See :meth:`ravatard.ports.cloud.ServiceCloud.about`."""
        return (await self._connection_reply()).directory

    async def history(
        self, since: datetime | None = None, per_page: int = 100
    ) -> AsyncIterator[HistoryMessage]:
        """See :meth:`ravatard.ports.cloud.History.history`; 100 messages are the document's default page."""
        # Only a command asks for it.
        from ravatard.cloud.ravatar.history import HistoryReader, history_path, history_reply

        reader = HistoryReader(since)
        while not reader.over:
            answer = await self._account.call("GET", history_path(self._user_id, per_page, reader.page))
            with foreign("the service's reply to /chat"):
                messages = list(reader.read(history_reply(*answer)))
            for message in messages:
                yield message

    async def maintain(self) -> None:
        """Renew the token ahead of time, and end sessions whose ending has failed."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle_for_ever(), name="settle")
            await self._account.tokens.keep_fresh()

    async def start_session(self) -> None:
        """See :meth:`ravatard.ports.cloud.Cloud.start_session`; in the chat mode of ``auto`` it is busy.

        Raises:
            BusyError: no avatar is free, or none was a short while ago.
            LinkError, DeniedError, PeerError: see :meth:`ravatard.ports.cloud.Cloud.start_session`.
        """
        if not self._mode.ever_live:
            return
        if not self._mode.live:
            raise BusyError("all avatars were busy a short while ago; chat mode goes on")
        # The time for a token is not that of the start.
        await self._account.tokens.token()
        await self._lease.acquire()

    async def voice(self, sink: VoiceSink) -> NoReturn:
        """See :meth:`ravatard.ports.cloud.Cloud.voice`; without a player it only waits.

        Cancelled, it asks for the end of the session at once: its streamer may hold the player's closing up.
        """
        async with asyncio.TaskGroup() as group:
            if self._voice is not None:
                group.create_task(self._voice.run(sink, self._streaming_url), name="voice player")
            try:
                await asyncio.Event().wait()
            finally:
                self._lease.end_soon()
        raise InternalError("the voice ended by itself")

    def details(self) -> tuple[tuple[str, str], ...]:
        """See :meth:`ravatard.ports.cloud.Cloud.details`: RAVATAR tells nothing of itself."""
        return ()

    async def picture(self) -> AsyncGenerator[tuple[Secret, Secret] | None, None]:
        """See :meth:`ravatard.ports.cloud.Cloud.picture`: the session's ``streamingUrl`` and our token."""
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

    async def _connection_reply(self) -> rest.ConnectionReply:
        answer = await self._account.call("GET", "/connection")
        with foreign("the service's reply to /connection"):
            reply = rest.connection_reply(*answer, token=self._account.tokens.held)
        if not reply.readable:
            raise LinkError("the service's reply to /connection lists no avatars; trying again later")
        return reply

    async def _end(self, session: OwedSession) -> str | None:
        return await (self._accounts.end if session.kind == KIND else self._end_other)(session)

    def _license_id(self) -> Secret:
        if self._lease.held is None:
            raise NoSessionError("there is no live session to send this in")
        return self._lease.held.id

    def _streaming_url(self, session: OwedSession) -> Secret:
        started = self._live_session
        known = started is not None and started.license_id == session.id
        return started.streaming_url if started is not None and known else Secret("")

    async def _shown(self, session: OwedSession) -> tuple[Secret, Secret] | None:
        url = self._streaming_url(session)
        try:
            return None if url_problem(url) else (url, await self._account.tokens.token())
        except (LinkError, DeniedError, PeerError) as error:
            log.warning("the avatar cannot be shown: %s", error)
            return None

    def _capabilities(
        self, live: bool, reply: rest.ConnectionReply, avatar: str, language: str
    ) -> Capabilities:
        heard = VoiceSource.STREAM if self._voice is not None else VoiceSource.ELSEWHERE
        return Capabilities(
            streams_audio=live,
            needs_session=live,
            listens=reply.vad_enabled,
            answer_timeout_s=reply.answer_timeout_s,
            avatar=avatar,
            language=language,
            voice=heard if live else VoiceSource.ANSWER,
        )

    def _common(self, reply: rest.ConnectionReply, avatar: Avatar, language: str) -> dict[str, Any]:
        return common_fields(avatar.id, self._user_id, language, self._service.source, reply.session)

    async def _start(self) -> OwedSession:
        if self._avatar is None:
            raise LinkError("no avatar is known yet")
        body = rest.start_request(self._avatar.id, self._stream.width, self._stream.height)
        named: list[str] = []

        def see(answer: bytes) -> None:
            named.extend(licences_in(answer))

        # The lease gives up at start_s; an answer that comes later names a session, which is then ended.
        limit_s = self._deadlines.start_s + LATE_START_S
        try:
            reply = await self._account.call("POST", "/startLiveSession", body, limit_s, see)
            with foreign("the service's reply to /startLiveSession"):
                session = rest.start_reply(*reply)
        except asyncio.CancelledError:
            self._owe(named, end=False)
            raise
        except RavatardError as error:
            self._owe(named)
            if isinstance(error, BusyError):
                self._mode.busy(error.retry_after_s)
            elif self._mode.falls_back and type(error) is DeniedError:
                # Refused is this session, not the project and not the money: chat mode may be allowed.
                self._mode.busy(None, f"no live session ({error})")
                raise BusyError(str(error)) from error
            raise
        self._owe(licence for licence in named if licence != session.license_id.reveal())
        # The streaming URL stays in memory: the ledger holds only the data that ends the session.
        self._live_session = session
        return self._owed(session.license_id)

    def _owe(self, licences: Iterable[str], *, end: bool = True) -> None:
        """End every session that the answers to a start named beside the one that is used."""
        for licence in dict.fromkeys(licences):
            self._lease.owe(self._owed(Secret(licence)), end=end)

    def _owed(self, license_id: Secret) -> OwedSession:
        return OwedSession(KIND, license_id, self._service.base_url, self._user_id)

    @asynccontextmanager
    async def _socket(self, token: Secret) -> AsyncIterator[Socket]:
        base = self._service.socket_url or rest.socket_url(self._service.base_url)
        url = f"{base}?token={quote(token.reveal(), safe='')}"
        opening = self._network.socket(url, headers={})
        try:
            async with asyncio.timeout(self._deadlines.connect_s):
                socket = await opening.__aenter__()
        except TimeoutError as late:
            failure = f"the socket at {self._account.host} did not open"
            raise LinkTimeout(missed(failure, self._deadlines.connect_s, late)) from None
        except UpgradeRefused as refused:
            if refused.status in (401, 403):
                # The next attempt has a new token; if that is refused as well, /connection will say so.
                self._account.tokens.refused(token)
            raise self._not_upgraded(refused) from None
        except (OSError, *FOREIGN_FAULTS) as error:
            host = self._account.host
            reason = error if isinstance(error, OSError) else ConnectionError(type(error).__name__)
            raise lost(f"cannot open a socket to {host}", host, reason) from None
        try:
            yield socket
        finally:
            await opening.__aexit__(None, None, None)

    def _not_upgraded(self, refused: UpgradeRefused) -> LinkError:
        """Return the outage that an answer without an upgrade is: no words of the service come with it."""
        host = self._account.host
        sender = f"{refused.server} at {host}" if refused.server else host
        wait_s = retry_after(refused.retry_after)
        if refused.status in (429, 503):
            return BusyError(f"the service is busy ({refused.status} at the socket)", retry_after_s=wait_s)
        return LinkError(f"{sender} {refused}", retry_after_s=wait_s)

    async def _settle_for_ever(self) -> None:
        # We are connected: endings that failed while offline need not wait any longer.
        await self._lease.settle()
        while True:
            await asyncio.sleep(SETTLE_EVERY_S)
            self._lease.prompt()
