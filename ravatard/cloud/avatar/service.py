"""AvaTar API as a cloud: online by its health, a session and its socket only when words are to be sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import NoReturn

from ravatard.cloud.avatar.address import ServiceAccess
from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.avatar.live.connection import AvatarConnection, Messages
from ravatard.cloud.avatar.live.endings import STOPPED_FIRST_S, SessionLedger, read_clocks
from ravatard.cloud.avatar.live.health import HealthWatch
from ravatard.cloud.avatar.live.held import CreatedSession, HeldSession
from ravatard.cloud.avatar.live.learned import Learned, paths_of
from ravatard.cloud.avatar.live.questions import FIRST_S, Questions
from ravatard.cloud.avatar.live.session_run import SessionRun
from ravatard.cloud.avatar.live.socket_keys import socket_options_of
from ravatard.cloud.avatar.live.starts import SessionStarts
from ravatard.cloud.avatar.live.turn_keeper import TurnKeeper
from ravatard.cloud.avatar.live.uploads import SocketUpload, Upload, transcriber_for
from ravatard.cloud.avatar.refusals import SessionVanished
from ravatard.cloud.avatar.report import report
from ravatard.cloud.avatar.sessions.intents import Clocks
from ravatard.cloud.avatar.turns.microphone_path import MicrophonePath
from ravatard.cloud.avatar.turns.sound_side import SoundFrom, SoundSide
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.lease import Lease
from ravatard.cloud.network.access import network_access
from ravatard.cloud.option_groups import CloudOptions
from ravatard.core.capabilities import Capabilities
from ravatard.core.events import ServiceMessage, StreamBroke
from ravatard.core.states import Refusal, VoiceSource
from ravatard.errors import (
    DeniedError,
    InternalError,
    LinkError,
    LinkTimeout,
    NoSessionError,
    RavatardError,
    TurnError,
)
from ravatard.ports.cloud import Connection, Directory, Endings, HistoryMessage
from ravatard.ports.host import OwedSession
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: Endings that failed, and starts without an answer, are looked at so often while connected.
_SETTLE_EVERY_S = 10.0


class AvatarCloud:
    """The service, for one avatar; implements :class:`ravatard.ports.cloud.ServiceCloud`.

    Attributes:
        calls: calls of the service.
        endings: endings of its sessions.
        run: the session that is held.
        keeper: follows the turns.
    """

    def __init__(
        self, options: CloudOptions, resources: CloudResources, now: Callable[[], Clocks] = read_clocks
    ) -> None:
        """Ask nothing of the service yet. Needs a running event loop.

        ``now`` gives the time, for starts that are never answered.

        Raises:
            DeniedError: an address of the configuration is none.
        """
        service, deadlines = options.service, options.deadlines
        self._options = options
        self._network = resources.network
        self._chance = resources.chance
        self._access = access = ServiceAccess(service.base_url, service.api_key, options.avatar.plain_key)
        way = network_access(options)
        self.calls = ServiceCalls(access, deadlines, resources.network, resources.chance, way)
        self._socket_options = socket_options_of(options, self.calls, access)
        self._health = HealthWatch(self.calls, resources.chance)
        self._starts = SessionStarts(options, resources, self.calls, now)
        self._lease = Lease(
            self._starts.start,
            self._starts.end,
            close_s=deadlines.end_s * 2 + 0.5,
            start_s=deadlines.start_s,
            ledger=self._starts.ledger,
        )
        self.endings: Endings = self._lease
        self._starts.tell_of_given_up(self._lease.tell)
        self._starts.owe = lambda session, end: self._lease.owe(session, end=end)
        self._messages: Messages | None = None
        self.run = SessionRun(self.calls, resources.chance)
        self._learned = Learned(options.avatar, paths_of(options))
        self.keeper = TurnKeeper(
            self._learned,
            SoundSide(SoundFrom(options.avatar.sound)),
            self._tell,
            self.run.order,
            self.calls.limiting.limits.socket.slow_down,
        )
        self._questions = Questions(self.calls, options.avatar, options.avatar_voice, self.keeper, self._tell)
        self._transcriber = transcriber_for(options, self._learned.trial.path, self._chance)

    def renew_credential(self, credential: Secret | None) -> None:
        """See :meth:`ravatard.ports.cloud.CredentialHolder.renew_credential`."""
        self._access.key = credential
        self._starts.renew_key(credential)

    @property
    def ledger(self) -> SessionLedger:
        """Sessions that must be ended, and starts without an answer."""
        return self._starts.ledger

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
        """See :meth:`ravatard.ports.cloud.Cloud.connect`: the service answers calls. It holds no session."""
        self._lease.prompt()
        await self._health.check()
        self._learned.trial.again()
        messages = self._messages = Messages()
        connection = AvatarConnection(
            self._capabilities(),
            messages,
            self.keeper,
            self._questions,
            self._upload,
            lambda: self.run.held,
        )
        try:
            if self._transcriber is None:
                yield connection
            else:
                async with self._transcriber.over(connection) as transcribed:
                    yield transcribed
        finally:
            if self._messages is messages:
                self._messages = None

    async def about(self) -> Directory:
        """Refuse: the service has no directory.

        Raises:
            DeniedError: always.
        """
        raise DeniedError("the AvaTar API has no list of avatars or languages; ask its operator")

    def history(self, since: datetime | None = None, per_page: int = 100) -> AsyncIterator[HistoryMessage]:
        """Refuse: the service keeps no history.

        Raises:
            DeniedError: always.
        """
        raise DeniedError("the AvaTar API has no list of earlier conversations")

    async def maintain(self) -> NoReturn:
        """Hold the sessions, and watch the service while none is held. Raises what ends the link."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settle_for_ever(), name="settle")
            group.create_task(self._health.watch(lambda: self._lease.held is not None), name="health")
            if self._transcriber is not None:
                group.create_task(self._transcriber.serve(), name="transcribe")
            await self._hold_sessions()
        raise InternalError("the sessions ended by themselves")

    async def start_session(self) -> None:
        """See :meth:`ravatard.ports.cloud.Cloud.start_session`: a session, and its socket.

        Raises:
            BusyError: the service has no place, or its limit is reached.
            LinkError, DeniedError, PeerError: see :meth:`ravatard.ports.cloud.Cloud.start_session`.
        """
        await self._lease.acquire()
        created = self._starts.created
        if created is None or self._lease.held != created.owed:
            raise LinkError("the session ended while it was being started")
        limit_s = self._options.deadlines.start_s
        try:
            async with asyncio.timeout(limit_s):
                await asyncio.shield(created.ready)
        except TimeoutError:
            await self._lease.release()
            raise LinkTimeout(f"the session's socket did not open within {limit_s:g} s") from None
        except RavatardError:
            # Nothing can be done in it: it must not be paid for.
            await self._lease.release()
            raise

    async def voice(self, sink: VoiceSink) -> NoReturn:
        """See :meth:`ravatard.ports.cloud.Cloud.voice`: answers come in pieces, for as long as this runs."""
        self.keeper.answers.voice.sink = sink
        try:
            await asyncio.Event().wait()
        finally:
            self.keeper.answers.voice.sink = None
            # It runs for as long as the cloud is open: the daemon stops, and a session must end at once.
            self._lease.end_soon()
        raise InternalError("the voice ended by itself")

    def details(self) -> tuple[tuple[str, str], ...]:
        """See :meth:`ravatard.ports.cloud.Cloud.details`."""
        return report(self.run, self.keeper, self.calls, len(self._starts.ledger.intents()))

    async def picture(self) -> AsyncGenerator[tuple[Secret, Secret] | None, None]:
        """See :meth:`ravatard.ports.cloud.Cloud.picture`: frames have no address of their own."""
        yield None
        await asyncio.Event().wait()

    async def end_session(self, *, gone: bool = False) -> None:
        """See :meth:`ravatard.ports.cloud.Cloud.end_session`.

        One that is ``gone`` is stopped all the same: words of another call, or of a socket, prove nothing.
        """
        await self._lease.release()

    # ------------------------------------------------------------------ the session

    async def _hold_sessions(self) -> NoReturn:
        """Run the session that is held, one after the other.

        Raises:
            LinkError, DeniedError, PeerError: its socket did not come back.
        """
        session: OwedSession | None = None
        while True:
            session = await self._lease.other_than(session)
            created = self._starts.created
            if session is None or created is None or created.owed != session:
                continue
            held = HeldSession(created, self._socket_options, self._network, self._chance)

            async def over(known: OwedSession = session) -> OwedSession | None:
                return await self._lease.other_than(known)

            trouble = await self.run.hold(held, self.keeper, self._questions, over)
            if trouble is not None:
                await self._failed(created, trouble)

    async def _failed(self, created: CreatedSession, trouble: RavatardError) -> None:
        """React to the end of a session that was held: the core is told."""
        if not created.ready.done():
            # start_session() ends it, and says why.
            created.ready.set_exception(trouble)
            created.ready.exception()
            await self._lease.other_than(created.owed)
            return
        # Also one that is said to be gone. A service with one place needs the stop before the next start.
        with suppress(TimeoutError):
            async with asyncio.timeout(STOPPED_FIRST_S):
                await self._lease.release()
        # The core learns that the session is over before it learns that the link is down. A link that is
        # refused stays up: health, which would bring it back at once, needs no key.
        refusal = Refusal.DENIED if isinstance(trouble, DeniedError) else Refusal.EXPIRED
        self._tell(StreamBroke(refusal, str(trouble), certain=True))
        if not isinstance(trouble, SessionVanished | DeniedError):
            self._tell(trouble)

    def _upload(self) -> Upload:
        held = self.run.held
        if held is None:
            raise NoSessionError("there is no live session to send this in")
        path = self._learned.trial.path
        if path is MicrophonePath.OFF:
            raise TurnError("avatar.microphone is off: only written words are sent")
        if path is MicrophonePath.TEXT:
            raise TurnError("avatar.microphone is text, and section speech_to_text names no recogniser")
        if path is MicrophonePath.TRACK:
            # What is off is not loaded.
            from ravatard.cloud.avatar.live.track import TrackUpload

            return TrackUpload(held, self.run.media_for_microphone)
        return SocketUpload(held, self._learned.upload)

    def _tell(self, message: ServiceMessage | RavatardError) -> None:
        if self._messages is not None:
            self._messages.put(message)
        self.run.changed()

    # ------------------------------------------------------------------ the service

    async def _settle_for_ever(self) -> NoReturn:
        # We are connected: endings that failed while offline need not wait any longer.
        await self._lease.settle()
        while True:
            await self._starts.settle_intents()
            await asyncio.sleep(_SETTLE_EVERY_S)
            self._lease.prompt()

    def _capabilities(self) -> Capabilities:
        service = self._options.service
        return Capabilities(
            streams_audio=True,
            needs_session=True,
            listens=None,
            answer_timeout_s=FIRST_S,
            avatar=service.avatar or "the service's avatar",
            language="",
            voice=VoiceSource.PIECES,
            marks_utterances=True,
            interrupts=True,
        )
