"""A conversation with one avatar: keeps the link, asks one thing after the other, tells what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn, Protocol

from ravatard.cancellation import pass_on_cancellation
from ravatard.core.audio_format import CHUNK_BYTES, CHUNK_SAMPLES, seconds_of, silence
from ravatard.core.backoff import Backoff
from ravatard.core.events import Answered, StreamBroke
from ravatard.core.states import Refusal
from ravatard.errors import DeniedError, InternalError, LinkError, PeerError, RavatardError
from ravatard.ports.cloud import Cloud, Connection

#: Sent after a recording in any case: a detector on the server ends no turn whose sound just stops.
LEAST_SILENCE_S = 1.0
#: How long what is asked while offline waits for a connection, unless configured otherwise.
OFFLINE_S = 30.0
_CHUNK_S = seconds_of(CHUNK_SAMPLES)


class NoAnswerError(RavatardError):
    """What was asked stays unanswered; the message says why."""


class ChatDisplay(Protocol):
    """Whoever shows a conversation. Nothing in here waits; texts of the service come as they are."""

    def state(self, text: str) -> None:
        """How it stands; "" when there is nothing to say about it."""
        ...

    def answer(self, name: str, text: str, took_s: float | None) -> None:
        """The avatar says something, ``took_s`` after it was asked; None when nobody asked."""
        ...


class _Outdated(Exception):
    """No error: a newer connection should take the place of this one."""


class ChatSession:
    """One avatar, one language, one thing asked at a time.

    An answer does not say what it answers: whatever comes while a question is open is its answer.

    Attributes:
        holding: a live session may be held, which costs money.
        avatar: the name of whom we talk to; None before the first connection.
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
            screen: shows it.
            backoff: how long to wait between attempts to connect.
            answer_s: how long an answer, and a connection for asking, may take; None: as the service says.
            closing_silence_s: silence streamed after a recording until an answer comes.
        """
        self._cloud = cloud
        self._screen = screen
        self._backoff = backoff
        self._answer_s = answer_s
        self._closing_silence_s = closing_silence_s
        self._wire: Connection | None = None
        self._refusal: DeniedError | None = None
        #: Set, and replaced, whenever the link changes.
        self._news = asyncio.Event()
        self._wanted = asyncio.Event()
        self._open: asyncio.Future[None] | None = None
        self._asked_at: float | None = None
        self._closed = asyncio.Event()
        self._closed.set()
        self.holding = False
        self.avatar: str | None = None

    # -------------------------------------------------------------- the link

    async def keep_link(self) -> NoReturn:
        """Eternal: connected, or trying to be. Nothing the network or the service does ends it."""
        clock = asyncio.get_running_loop().time
        while True:
            self._screen.state("connecting")
            up_at: float | None = None
            renewed, trouble = False, None
            try:
                async with self._cloud.connect() as wire:
                    up_at = clock()
                    await self._use(wire)
            except* _Outdated:
                renewed = True
            except* (LinkError, DeniedError, PeerError) as errors:
                trouble = _first(errors)
            pass_on_cancellation()
            if not renewed:
                await self._pause(trouble, None if up_at is None else clock() - up_at)

    async def _use(self, wire: Connection) -> None:
        self.avatar = wire.capabilities.avatar
        self._change(wire)
        self._screen.state("")
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._cloud.maintain(), name="maintain")
                group.create_task(self._renew(wire), name="renew")
                await self._receive(wire)
                raise LinkError("the connection ended")
        finally:
            self._change(None)

    def _change(self, wire: Connection | None, refusal: DeniedError | None = None) -> None:
        self._wire, self._refusal = wire, refusal
        self._news.set()
        self._news = asyncio.Event()

    async def _renew(self, wire: Connection) -> NoReturn:
        await wire.outdated()
        # Its answer comes through the connection that asked.
        await self._closed.wait()
        raise _Outdated

    async def _pause(self, trouble: RavatardError | None, up_s: float | None) -> None:
        """Sit out the time to the next attempt; somebody who asks something does not wait for it."""
        self._wanted.clear()
        if isinstance(trouble, DeniedError):
            self._change(None, trouble)
            self._screen.state(f"refused: {trouble}")
            await self._wanted.wait()
            return
        asked_s = trouble.retry_after_s if isinstance(trouble, LinkError) else None
        wait_s = self._backoff.failed(up_s=up_s, retry_after_s=asked_s)
        self._screen.state(f"offline: {trouble}; trying again in {wait_s:.0f} s")
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                # Whoever asked for patience gets it.
                await (self._wanted.wait() if asked_s is None else asyncio.Event().wait())

    # -------------------------------------------------------------- what comes

    async def _receive(self, wire: Connection) -> None:
        async for said in wire.receive():
            if isinstance(said, Answered):
                self._answered(said, wire.capabilities.avatar)
            else:
                await self._broke(said)

    def _answered(self, answer: Answered, name: str) -> None:
        took_s = None
        if self._open is not None and not self._open.done() and self._asked_at is not None:
            took_s = asyncio.get_running_loop().time() - self._asked_at
            self._open.set_result(None)
        if answer.text.strip():
            self._screen.answer(name, answer.text, took_s)
        elif answer.file_url or answer.sound:
            self._screen.answer(name, "(sound without words)", took_s)

    async def _broke(self, said: StreamBroke) -> None:
        if self._open is not None and not self._open.done():
            self._open.set_exception(NoAnswerError(said.reason))
        if said.refusal in (Refusal.FAILED, Refusal.EXPIRED):
            self.holding = False
            await self._cloud.end_session(gone=said.refusal is Refusal.EXPIRED)

    # -------------------------------------------------------------- asking

    async def say(self, text: str) -> None:
        """Say one line, and wait for the answer.

        Raises:
            NoAnswerError: none came.
            RavatardError: it could not be said.
        """
        await self._ask(lambda wire: wire.send_text(text))

    async def say_sound(self, pcm: bytes) -> None:
        """Say ``pcm`` (s16le mono 16 kHz), and wait for the answer. Raises as :meth:`say` does."""
        await self._ask(lambda wire: self._send_sound(wire, pcm))

    async def rest(self) -> None:
        """End the live session, if one is held: nobody says anything."""
        self.holding = False
        await self._cloud.end_session()

    async def online(self) -> Connection:
        """The connection, as soon as there is one.

        Raises:
            NoAnswerError: there is none in time.
            DeniedError: the service refuses us.
        """
        # Asked for anew: perhaps somebody mended it meanwhile.
        self._refusal = None
        self._wanted.set()
        limit_s = self._answer_s or OFFLINE_S
        try:
            async with asyncio.timeout(limit_s):
                while self._wire is None:
                    await self._news.wait()
                    if self._refusal is not None:
                        raise self._refusal
        except TimeoutError:
            raise NoAnswerError(f"not said: no connection within {limit_s:g} s") from None
        return self._wire

    async def _ask(self, send: Callable[[Connection], Awaitable[None]]) -> None:
        wire = await self.online()
        self._closed.clear()
        loop = asyncio.get_running_loop()
        try:
            if wire.capabilities.needs_session:
                self._screen.state("starting a live session")
                # Before it is there: cancelled in between, it may be there all the same.
                self.holding = True
                await self._cloud.start_session()
            self._open = question = loop.create_future()
            self._asked_at = loop.time()
            await send(wire)
            self._screen.state("sent")
            await self._wait(question, self._answer_s or wire.capabilities.answer_timeout_s)
        finally:
            if self._open is not None and self._open.done():
                # When sending failed as well, nobody else looks at why it was refused.
                self._open.exception()
            self._open = None
            self._asked_at = None
            self._closed.set()
            self._screen.state("" if self._wire is not None else "offline")

    async def _wait(self, question: asyncio.Future[None], limit_s: float) -> None:
        """Until it is answered; the seconds are shown."""
        for second in range(int(limit_s) + 1):
            left_s = min(1.0, limit_s - second)
            done, _ = await asyncio.wait([question], timeout=left_s)
            if done:
                return question.result()
            if self._wire is not None:
                self._screen.state(f"thinking, {second + 1} s")
        raise NoAnswerError(f"no answer within {limit_s:g} s")

    async def _send_sound(self, wire: Connection, pcm: bytes) -> None:
        if not wire.capabilities.streams_audio:
            self._screen.state("sending the recording")
            await wire.send_utterance(pcm)
            return
        loop = asyncio.get_running_loop()
        begun, sent = loop.time(), 0
        chunks = [pcm[at : at + CHUNK_BYTES] for at in range(0, len(pcm), CHUNK_BYTES)]
        lasts_s = len(chunks) * _CHUNK_S
        while self._goes_on(sent * _CHUNK_S - lasts_s):
            if sent == len(chunks):
                # The answer's time counts from the last word, as a person would count it.
                self._asked_at = loop.time()
            await wire.send_audio(chunks[sent] if sent < len(chunks) else silence(CHUNK_SAMPLES))
            sent += 1
            self._screen.state(f"speaking, {min(sent * _CHUNK_S, lasts_s):.0f} of {lasts_s:.0f} s")
            # Deadlines count from the beginning: what one chunk was late the next one is not.
            await asyncio.sleep(begun + sent * _CHUNK_S - loop.time())

    def _goes_on(self, silent_s: float) -> bool:
        """Whether there is something to stream; ``silent_s`` of silence were (less than 0: sound is left)."""
        if self._open is None or not self._open.done():
            return silent_s < self._closing_silence_s
        return self._open.exception() is None and silent_s < LEAST_SILENCE_S


def _first(errors: BaseExceptionGroup[BaseException]) -> RavatardError:
    """The first error of a group, however deep; what a person must mend outranks the others."""
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        leaves = found.exceptions
        found = next((one for one in leaves if isinstance(one, DeniedError)), leaves[0])
    if not isinstance(found, RavatardError):
        raise InternalError(f"an unexpected {type(found).__name__}") from found
    return found
