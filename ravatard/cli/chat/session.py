"""A conversation with one avatar: keeps the connection, sends one question at a time, shows its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn

from ravatard.cli.chat.screen import ChatDisplay
from ravatard.core.audio_format import CHUNK_BYTES, CHUNK_SAMPLES, seconds_of, silence
from ravatard.core.backoff import Backoff
from ravatard.core.events import Answered, NothingSaid, ServiceHearing, StreamBroke, TurnFailed
from ravatard.core.states import Refusal
from ravatard.errors import DeniedError, LinkError, RavatardError
from ravatard.ports.cloud import Cloud, Connection
from ravatard.stages.attempt import Attempt, attempt

#: Sent after a recording in any case: a detector on the server ends no turn whose sound just stops.
LEAST_SILENCE_S = 1.0
#: How long a question asked while offline waits for a connection, unless configured otherwise.
OFFLINE_S = 30.0
_CHUNK_S = seconds_of(CHUNK_SAMPLES)


class NoAnswerError(RavatardError):
    """A question stays unanswered; the message says why."""


class ChatSession:
    """One avatar, one language, one question at a time.

    An answer does not say what it answers: whatever comes while a question is open is its answer.

    Attributes:
        holding: a live session may be held, which costs money.
        avatar: the avatar's name; None before the first connection.
    """

    def __init__(
        self,
        cloud: Cloud,
        screen: ChatDisplay,
        backoff: Backoff,
        *,
        answer_s: float | None = None,
        closing_silence_s: float = 5.0,
    ) -> None:
        """Talk through ``cloud``, which the caller opens.

        Args:
            cloud: the service, for one avatar.
            screen: shows the conversation.
            backoff: how long to wait between attempts to connect.
            answer_s: how long an answer, and a connection for asking, may take; None: as the service says.
            closing_silence_s: silence streamed after a recording until an answer comes.
        """
        self._cloud = cloud
        self._screen = screen
        self._backoff = backoff
        self._answer_s = answer_s
        self._closing_silence_s = closing_silence_s
        self._connection: Connection | None = None
        self._refusal: DeniedError | None = None
        #: Set, and replaced, whenever the connection changes.
        self._changed = asyncio.Event()
        self._wanted = asyncio.Event()
        self._question: asyncio.Future[None] | None = None
        self._asked_at: float | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.holding = False
        self.avatar: str | None = None

    # -------------------------------------------------------------- the connection

    async def keep_connected(self) -> NoReturn:
        """Eternal: connected, or trying to be. No failure of the network or the service ends it."""
        while True:
            self._screen.state("connecting")
            ended = await attempt(self._cloud, self._cloud.connect(), self._use)
            # In good order it is given up only for a newer connection.
            if ended.trouble is not None:
                await self._pause(ended)

    async def _use(self, connection: Connection, group: asyncio.TaskGroup) -> None:
        """Use one connection until a newer one should take its place."""
        self.avatar = connection.capabilities.avatar
        self._change(connection)
        self._screen.state("")
        try:
            receiving = group.create_task(self._receive(connection), name="receive")
            await connection.outdated()
            # An answer comes through the connection that asked.
            await self._idle.wait()
            receiving.cancel()
        finally:
            self._change(None)

    def _change(self, connection: Connection | None, refusal: DeniedError | None = None) -> None:
        self._connection, self._refusal = connection, refusal
        self._changed.set()
        self._changed = asyncio.Event()

    async def _pause(self, ended: Attempt) -> None:
        """Wait until the next attempt is due, or until a question needs a connection."""
        self._wanted.clear()
        if isinstance(ended.trouble, DeniedError):
            self._change(None, ended.trouble)
            self._screen.state(f"refused: {ended.trouble}")
            await self._wanted.wait()
            return
        wait_s = ended.pause_s(self._backoff)
        self._screen.state(f"offline: {ended.trouble}; trying again in {wait_s:.0f} s")
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                # A service that asks for patience gets it.
                await (self._wanted.wait() if ended.retry_after_s is None else asyncio.Event().wait())

    # -------------------------------------------------------------- receiving

    async def _receive(self, connection: Connection) -> NoReturn:
        async for message in connection.receive():
            match message:
                case Answered():
                    self._answered(message, connection.capabilities.avatar)
                case StreamBroke():
                    await self._broke(message)
                case TurnFailed(reason):
                    self._unanswered(reason)
                case NothingSaid():
                    self._unanswered("the service understood no words")
                case ServiceHearing():
                    pass  # A recording that it does not hear stays unanswered, which is told.
        raise LinkError("the connection ended")

    def _answered(self, answer: Answered, name: str) -> None:
        took_s = None
        if self._question is not None and not self._question.done() and self._asked_at is not None:
            took_s = asyncio.get_running_loop().time() - self._asked_at
            self._question.set_result(None)
        if answer.text.strip():
            self._screen.answer(name, answer.text, took_s)
        elif answer.file_url or answer.sound:
            self._screen.answer(name, "(sound without words)", took_s)

    async def _broke(self, message: StreamBroke) -> None:
        self._unanswered(message.reason)
        if message.refusal in (Refusal.FAILED, Refusal.EXPIRED):
            self.holding = False
            await self._cloud.end_session(gone=message.refusal is Refusal.EXPIRED)

    def _unanswered(self, reason: str) -> None:
        if self._question is not None and not self._question.done():
            self._question.set_exception(NoAnswerError(reason))

    # -------------------------------------------------------------- asking

    async def say(self, text: str) -> None:
        """Send one line, and wait for the answer.

        Raises:
            NoAnswerError: none came.
            RavatardError: it could not be sent.
        """
        await self._ask(lambda connection: connection.send_text(text))

    async def say_sound(self, pcm: bytes) -> None:
        """Send ``pcm`` (s16le mono 16 kHz), and wait for the answer. Raises as :meth:`say` does."""
        await self._ask(lambda connection: self._send_sound(connection, pcm))

    async def rest(self) -> None:
        """End the live session, if one is held."""
        self.holding = False
        await self._cloud.end_session()

    async def online(self) -> Connection:
        """Return the connection, as soon as there is one.

        Raises:
            NoAnswerError: there is none in time.
            DeniedError: the service refuses us.
        """
        # Tried again: perhaps the reason of the refusal was mended meanwhile.
        self._refusal = None
        self._wanted.set()
        limit_s = self._answer_s or OFFLINE_S
        try:
            async with asyncio.timeout(limit_s):
                while self._connection is None:
                    await self._changed.wait()
                    if self._refusal is not None:
                        raise self._refusal
        except TimeoutError:
            raise NoAnswerError(f"not said: no connection within {limit_s:g} s") from None
        return self._connection

    async def _ask(self, send: Callable[[Connection], Awaitable[None]]) -> None:
        connection = await self.online()
        self._idle.clear()
        loop = asyncio.get_running_loop()
        try:
            if connection.capabilities.needs_session:
                self._screen.state("starting a live session")
                # Set before the start: cancelled in between, the session may exist all the same.
                self.holding = True
                await self._cloud.start_session()
            self._question = question = loop.create_future()
            self._asked_at = loop.time()
            await send(connection)
            self._screen.state("sent")
            await self._wait(question, self._answer_s or connection.capabilities.answer_timeout_s)
        finally:
            if self._question is not None and self._question.done():
                # When sending failed as well, the refusal is retrieved nowhere else.
                self._question.exception()
            self._question = None
            self._asked_at = None
            self._idle.set()
            self._screen.state("" if self._connection is not None else "offline")

    async def _wait(self, question: asyncio.Future[None], limit_s: float) -> None:
        """Wait for the answer, and show the seconds."""
        for second in range(int(limit_s) + 1):
            left_s = min(1.0, limit_s - second)
            done, _ = await asyncio.wait([question], timeout=left_s)
            if done:
                return question.result()
            if self._connection is not None:
                self._screen.state(f"thinking, {second + 1} s")
        raise NoAnswerError(f"no answer within {limit_s:g} s")

    async def _send_sound(self, connection: Connection, pcm: bytes) -> None:
        if not connection.capabilities.streams_audio:
            self._screen.state("sending the recording")
            await connection.send_utterance(pcm)
            return
        loop = asyncio.get_running_loop()
        begun, sent = loop.time(), 0
        chunks = [pcm[at : at + CHUNK_BYTES] for at in range(0, len(pcm), CHUNK_BYTES)]
        lasts_s = len(chunks) * _CHUNK_S
        marks = connection.capabilities.marks_utterances
        while sent < len(chunks) if marks else self._goes_on(sent * _CHUNK_S - lasts_s):
            if sent == len(chunks):
                # The answer's time counts from the last word, as a user would count it.
                self._asked_at = loop.time()
            await connection.send_audio(chunks[sent] if sent < len(chunks) else silence(CHUNK_SAMPLES))
            sent += 1
            self._screen.state(f"speaking, {min(sent * _CHUNK_S, lasts_s):.0f} of {lasts_s:.0f} s")
            # Deadlines count from the beginning: a late chunk does not delay the next one.
            await asyncio.sleep(begun + sent * _CHUNK_S - loop.time())
        if marks:
            self._asked_at = loop.time()
            await connection.end_utterance()

    def _goes_on(self, silent_s: float) -> bool:
        """Return True while there is something to stream, after ``silent_s`` of silence.

        A negative ``silent_s`` is the sound that is left.
        """
        if self._question is None or not self._question.done():
            return silent_s < self._closing_silence_s
        return self._question.exception() is None and silent_s < LEAST_SILENCE_S
