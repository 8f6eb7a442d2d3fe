"""Playback stage: plays files and inline sound one after the other, the live voice as it comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Protocol, assert_never

from ravatard.core.actions import (
    PlayAnswer,
    PlayEarcon,
    PrepareDecoder,
    ResumeVoice,
    SetVolume,
    SpeakerAction,
    StopPlayback,
)
from ravatard.core.audio.interruption import InterruptionFilter
from ravatard.core.events import AnswerUnplayable, VoiceOffline, VoiceOnline
from ravatard.errors import MediaError
from ravatard.ports.media import Decoder, Fetch
from ravatard.ports.speaker import Speaker
from ravatard.stages.mailbox import Inbox

#: Most answers that wait to be played; more are reported as unplayable.
MOST_WAITING = 4
#: The speaker holds two seconds; when it has taken nothing for this long it never will.
ROOM_S = 10.0


class AnswerPlayer(Protocol):
    """Player of answers, for the hub. No method waits."""

    def do(self, action: SpeakerAction) -> None:
        """Carry out an action, or begin to."""
        ...


class NullAnswerPlayer:
    """Player of an appliance without a speaker. A live voice may be heard elsewhere: in a browser."""

    def __init__(self, inbox: Inbox) -> None:
        """``inbox`` gets VoiceOnline and VoiceOffline."""
        self._inbox = inbox

    def do(self, action: SpeakerAction) -> None:
        """Do nothing: there is no speaker."""

    def online(self) -> None:
        """Report that the live voice arrives there."""
        self._inbox.put(VoiceOnline())

    def feed(self, pcm: bytes) -> None:
        """Discard the piece."""

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """Report that it does not arrive."""
        self._inbox.put(VoiceOffline(reason, hopeless))


class Playback:
    """An :class:`AnswerPlayer`, and the :class:`~ravatard.ports.voice.VoiceSink` of the live voice."""

    def __init__(self, speaker: Speaker, fetch: Fetch, decoder: Decoder, inbox: Inbox) -> None:
        """``fetch`` and ``decoder`` are used for answers that bring their sound, or an address of it."""
        self._speaker = speaker
        self._fetch = fetch
        self._decoder = decoder
        self._inbox = inbox
        self._waiting: deque[PlayAnswer] = deque()
        self._filled = asyncio.Event()
        self._playing: asyncio.Task[None] | None = None
        self._voices = 0
        self._live: int | None = None
        self._discarding = InterruptionFilter()
        self._expected = asyncio.Event()

    async def run(self) -> None:
        """Run for ever. Cancelling leaves the speaker as it is; its owner closes it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="speaker events")
            group.create_task(self._prepare(), name="prepare decoder")
            while True:
                while not self._waiting:
                    self._filled.clear()
                    await self._filled.wait()
                answer = self._waiting.popleft()
                # A group of its own: an answer that is stopped is cancelled, and nothing else with it.
                async with asyncio.TaskGroup() as one:
                    self._playing = one.create_task(self._play(answer), name="play answer")
                self._playing = None

    # -------------------------------------------------------------- from the hub

    def do(self, action: SpeakerAction) -> None:
        """See :class:`AnswerPlayer`."""
        match action:
            case PlayAnswer():
                self._add(action)
            case StopPlayback():
                self._stop()
            case PlayEarcon(earcon):
                self._speaker.cue(earcon)
            case SetVolume(percent):
                self._speaker.set_volume(percent)
            case ResumeVoice():
                self._discarding.disarm()
            case PrepareDecoder():
                self._expected.set()
            case _:
                assert_never(action)

    def _add(self, answer: PlayAnswer) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._inbox.put(
                AnswerUnplayable(answer.turn, f"{MOST_WAITING} answers wait to be played already")
            )
            return
        self._waiting.append(answer)
        self._filled.set()

    def _stop(self) -> None:
        self._waiting.clear()
        if self._playing is not None:
            self._playing.cancel()
        self._speaker.stop()
        if self._live is not None:
            self._discarding.arm()

    # -------------------------------------------------------------- from the live voice

    def online(self) -> None:
        """Begin a new live voice: a stream is connected."""
        self._voices += 1
        self._live = self._voices
        self._speaker.begin(self._live, live=True)
        self._discarding.disarm()
        self._inbox.put(VoiceOnline())

    def feed(self, pcm: bytes) -> None:
        """Play the next piece, s16le mono 48 kHz, unless an interrupted answer is being discarded."""
        if self._live is not None and self._discarding.passes(pcm):
            self._speaker.feed(self._live, pcm)

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """End the live voice: the stream broke, or none could be had."""
        if self._live is not None:
            self._speaker.finish(self._live)
            self._live = None
        self._inbox.put(VoiceOffline(reason, hopeless))

    # -------------------------------------------------------------- inside

    async def _listen(self) -> None:
        async for event in self._speaker.events():
            self._inbox.put(event)

    async def _prepare(self) -> None:
        while True:
            await self._expected.wait()
            self._expected.clear()
            await self._decoder.prepare()

    async def _play(self, answer: PlayAnswer) -> None:
        self._voices += 1
        voice = self._voices
        self._speaker.begin(voice, live=False)
        try:
            async with AsyncExitStack() as stack:
                pieces, content_type = await self._opened(answer, stack)
                pcm = await stack.enter_async_context(aclosing(self._decoder.pcm(pieces, content_type)))
                async for piece in pcm:
                    self._speaker.feed(voice, piece)
                    async with asyncio.timeout(ROOM_S):
                        await self._speaker.room()
        except MediaError as error:
            self._inbox.put(AnswerUnplayable(answer.turn, str(error)))
        except TimeoutError:
            self._inbox.put(AnswerUnplayable(answer.turn, f"the speaker took nothing for {ROOM_S:g} s"))
        finally:
            self._speaker.finish(voice)

    async def _opened(self, answer: PlayAnswer, stack: AsyncExitStack) -> tuple[AsyncIterator[bytes], str]:
        if answer.sound:
            return _one(answer.sound), ""
        fetched = await stack.enter_async_context(self._fetch.open(answer.file_url))
        return fetched.pieces(), fetched.content_type


async def _one(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
