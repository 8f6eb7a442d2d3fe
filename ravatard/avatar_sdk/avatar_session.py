"""One session with an avatar: its events, its texts, its sound, and its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from ravatard.avatar_sdk.api_calls import ApiCalls
from ravatard.avatar_sdk.chat_answer import deltas_of
from ravatard.avatar_sdk.event_handlers import EventSource
from ravatard.avatar_sdk.failures import AvatarError, ConnectionLost, SessionGone
from ravatard.avatar_sdk.open_sessions import END_S, OpenSessions
from ravatard.avatar_sdk.session_info import SpeakTask, ice_server
from ravatard.avatar_sdk.socket_link import SocketLink
from ravatard.cloud.avatar import commands, replies, requests
from ravatard.cloud.avatar.refusals import names_gone_session
from ravatard.cloud.avatar.replies import NewSession
from ravatard.cloud.avatar.requests import ChatLine, VoiceSettings
from ravatard.errors import RavatardError

log = logging.getLogger(__name__)


class AvatarSession(EventSource):
    """Session that is open, and paid for, until :meth:`disconnect`.

    It ends with the program, too. Made by :meth:`AvatarClient.create_session`.

    Attributes:
        quality: quality that was asked for.
        ice_servers: servers for WebRTC, as browsers take them.
        access_token: token of the session, hidden when shown; None without.
    """

    def __init__(self, calls: ApiCalls, link: SocketLink, created: NewSession, opened: OpenSessions) -> None:
        """Take over a session that was created: ``link`` is not open yet, ``opened`` are the client's."""
        self.quality = ""
        self.access_token = created.access_token
        super().__init__(link.handlers)
        self.ice_servers = [ice_server(one) for one in created.ice_servers]
        self._calls = calls
        self._link = link
        self._session_id = created.session_id
        self._opened = opened
        self._running: asyncio.Task[None] | None = None
        self._failure: AvatarError | None = None
        self._connecting, self._stopping = asyncio.Lock(), asyncio.Lock()
        self._over, self._stopped = asyncio.Event(), False
        self._duration: float | None = None

    def __repr__(self) -> str:
        return f"<AvatarSession {'disconnected' if self._stopped else 'open'}>"

    @property
    def id(self) -> str:
        """The session's id, which gives access to it."""
        return self._session_id.reveal()

    @property
    def session_id(self) -> str:
        """The session's id, as the API and :class:`SessionInfo` call it."""
        return self.id

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.disconnect()

    async def connect(self) -> None:
        """Open the session's socket; events come from now on. Returns at once when it is open.

        Raises:
            AvatarError: that is not possible.
        """
        async with self._connecting:
            self._check_open()
            if self._running is None:
                await self._link.open()
                # The program gives no scope that the reader could live in: it ends with the session, and its
                # errors are raised by run_forever and by whatever is called next.
                loop = asyncio.get_running_loop()
                self._running = loop.create_task(self._run(), name="avatar session")

    async def chat(self, text: str, *, model: str | None = None) -> str:
        """Say something to the avatar and return its whole answer.

        Raises:
            AvatarError: it failed; ``partial`` is what came of the answer.
        """
        said = []
        try:
            async for delta in self.chat_stream(text, model=model):
                said.append(delta)
        except AvatarError as error:
            error.partial = error.partial or "".join(said)
            raise
        return "".join(said)

    async def chat_stream(self, text: str, *, model: str | None = None) -> AsyncIterator[str]:
        """Say something to the avatar and yield its answer piece by piece.

        Raises:
            AvatarError: it failed; ``partial`` is what came of the answer.
        """
        self._check_open()
        body = requests.chat_request(self._session_id, [ChatLine("user", text)], model=model)
        try:
            reply = await self._calls.stream(requests.CHAT, body, self.access_token)
            try:
                async for delta in deltas_of(reply):
                    yield delta
            finally:
                reply.close()
        except AvatarError as error:
            raise await self._ended_by(error) from None

    async def speak(
        self, text: str, voice_id: str | None = None, voice_settings: Mapping[str, float] | None = None
    ) -> SpeakTask:
        """Let the avatar speak ``text``; returns when that is queued, not when it was spoken.

        ``voice_settings`` are ``stability`` and ``similarity_boost``, 0 to 1.

        Raises:
            AvatarError: it failed.
        """
        settings = VoiceSettings(**voice_settings) if voice_settings else None
        body = requests.speak_request(self._session_id, text, voice_id, settings)
        task = replies.speak_reply(await self._call(requests.SPEAK, body))
        return SpeakTask(task.task_id, task.status, task.estimate_s)

    async def send_audio(self, audio: bytes) -> None:
        """Append sound: s16le mono 24 kHz, or a WAV file."""
        await self._link.send(commands.append(audio))

    async def commit_audio(self) -> None:
        """Say that the appended sound is complete."""
        await self._link.send(commands.COMMIT)

    async def clear_audio(self) -> None:
        """Drop the appended sound."""
        await self._link.send(commands.CLEAR)

    async def start_listening(self) -> None:
        """Let the avatar listen."""
        await self._link.send(commands.START_LISTENING)

    async def stop_listening(self) -> None:
        """Let the avatar listen no more."""
        await self._link.send(commands.STOP_LISTENING)

    async def interrupt(self) -> None:
        """Interrupt the avatar; no limit holds this up."""
        await self._link.send(commands.INTERRUPT, urgent=True)

    async def start(self, sdp_offer: str) -> str:
        """Begin to stream by WebRTC: returns the service's answer to a description.

        Raises:
            AvatarError: it failed.
        """
        try:
            request = requests.start_request(self._session_id, sdp_offer)
            return replies.start_reply(await self._call(requests.START, request))
        except RavatardError as error:
            raise AvatarError(str(error)) from None

    async def run_forever(self) -> None:
        """Wait until :meth:`disconnect`; opens the socket if it is not open. Cancelled, it disconnects.

        Raises:
            SessionGone: the session is gone.
            AvatarError: the socket is gone for good, and the session with it.
        """
        try:
            if not self._over.is_set():
                await self.connect()
            await self._over.wait()
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self.disconnect()
            raise
        if self._failure is not None:
            raise self._failure

    async def disconnect(self) -> float | None:
        """Close the socket and stop the session; may be called again. Never raises for the network.

        Returns the seconds that it lasted, as the service counts them; None when it does not say.
        """
        async with self._stopping:
            if not self._stopped:
                await self._link.close()
                await self._stop()
            self._over.set()
        running = self._running
        if running is not None and not self._is_part_of(running):
            with suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await asyncio.wait([running])
            running.cancel()
        return self._duration

    def stop_at_once(self, within_s: float) -> bool:
        """Stop the session without a loop, at the program's end; blocks. Returns True when it is stopped."""
        return self._calls.stop_at_once(self._session_id, self.access_token, within_s)

    async def _stop(self) -> None:
        """Stop the session at the service; one that cannot be reached is tried again at the program's end.

        One that is said to be gone is stopped, too: only the answer to a stop shows that nothing is paid for.
        """
        try:
            self._duration = await self._calls.stop_for_sure(self._session_id, self.access_token, END_S)
        except AvatarError as error:
            log.warning("the session could not be stopped and may still be open: %s", error)
            return
        self._stopped = True
        self._opened.ended(self)

    async def _run(self) -> None:
        """Read the socket and run handlers until the session ends."""
        handlers = self._link.handlers
        try:
            async with asyncio.TaskGroup() as group:
                handlers.start(group)
                group.create_task(self._link.close_when(self._over), name="close avatar socket")
                handlers.put("connected", {"type": "connected"})
                try:
                    await self._link.run()
                except AvatarError as error:
                    self._failure = error
                handlers.put("disconnected", {"type": "disconnected"})
                handlers.end()
                self._over.set()
                if self._failure is not None:
                    await self._give_up()
        finally:
            self._over.set()

    async def _give_up(self) -> None:
        """Stop a session that is gone, or whose socket is for good: nothing uses it any more."""
        async with self._stopping:
            if not self._stopped:
                await self._link.close()
                await self._stop()

    async def _call(self, call: str, body: bytes) -> bytes:
        self._check_open()
        try:
            return await self._calls.call(call, body, self.access_token)
        except AvatarError as error:
            raise await self._ended_by(error) from None

    async def _ended_by(self, error: AvatarError) -> AvatarError:
        """Return ``error``; if it says that the session is gone, the session is over and is stopped."""
        if isinstance(error, SessionGone) or names_gone_session(error.code):
            if self._failure is None:
                self._failure = error
            self._over.set()
            await self._give_up()
        return error

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._stopped or self._over.is_set():
            raise ConnectionLost("the session is disconnected; create a new one")

    def _is_part_of(self, running: asyncio.Task[None]) -> bool:
        """Return True in a handler: it must not wait for its own end."""
        task = asyncio.current_task()
        return task is running or (task is not None and task.get_name().startswith("avatar events: "))
