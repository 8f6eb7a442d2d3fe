"""Playback stage: plays files and inline sound one after the other, the live voice as it comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Protocol, assert_never

from ravatard.core.actions import (
    KeepSpeakerAwake,
    PausePlayback,
    PlayAnnouncement,
    PlayAnswer,
    PlayEarcon,
    PrepareDecoder,
    ResumePlayback,
    ResumeVoice,
    SetVolume,
    SpeakerAction,
    StopPlayback,
)
from ravatard.core.audio.interruption import InterruptionFilter
from ravatard.core.events import AnswerBegun, AnswerComplete, AnswerUnplayable, VoiceOffline, VoiceOnline
from ravatard.core.voice.live_pieces import LivePieces
from ravatard.errors import MediaError
from ravatard.ports.media import Decoder, Fetch
from ravatard.ports.speaker import Speaker
from ravatard.stages.mailbox import Inbox
from ravatard.stages.playing.announcer import Announcer
from ravatard.stages.playing.content import AnnouncementContents, in_one_piece

#: Most answers that wait to be played; more are reported as unplayable.
MOST_WAITING = 4
#: Reports of answers in pieces that wait for a busy hub; the oldest are forgotten, the newest say how it is.
MOST_NEWS = 16
#: The speaker holds two seconds; when it has taken nothing for this long it never will.
ROOM_S = 10.0


class AnswerPlayer(Protocol):
    """Player of answers, for the hub. No method waits."""

    def do(self, action: SpeakerAction) -> None:
        """Carry out an action, or begin to."""
        ...


class Playback:
    """An :class:`AnswerPlayer`, and the :class:`~ravatard.ports.voice.VoiceSink` of the cloud's voice."""

    def __init__(
        self, speaker: Speaker, fetch: Fetch, decoder: Decoder, inbox: Inbox, contents: AnnouncementContents
    ) -> None:
        """``fetch`` and ``decoder`` are used for sound that is all there, or has an address."""
        self._announcer = Announcer(speaker, decoder, inbox, contents)
        self._speaker = speaker
        self._fetch = fetch
        self._decoder = decoder
        self._inbox = inbox
        self._waiting: deque[PlayAnswer | PlayAnnouncement] = deque()
        self._filled = asyncio.Event()
        self._playing: asyncio.Task[None] | None = None
        self._voices = 0
        self._live: int | None = None
        self._answer: int | None = None
        self._announced = 0
        self._news: deque[AnswerBegun | AnswerComplete] = deque(maxlen=MOST_NEWS)
        self._told = asyncio.Event()
        self._discarding = InterruptionFilter()
        self._pieces = LivePieces()
        self._paused = False
        #: The newest voice is an answer that was all here, or is fetched by us.
        self._is_ours = False
        self._expected = asyncio.Event()
        #: The turn that a voice answers, 0 where the voice alone is known; oldest first.
        self._turns: dict[int, int] = {}

    async def run(self) -> None:
        """Run for ever. Cancelling leaves the speaker as it is; its owner closes it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="speaker events")
            group.create_task(self._prepare(), name="prepare decoder")
            group.create_task(self._report(), name="report answers")
            group.create_task(self._report_unplayed(), name="report unplayed answers")
            while True:
                while not self._waiting:
                    self._filled.clear()
                    await self._filled.wait()
                next_one = self._waiting.popleft()
                playing = (
                    self._announce(next_one)
                    if isinstance(next_one, PlayAnnouncement)
                    else self._play(next_one)
                )
                # A group of its own: an answer that is stopped is cancelled, and nothing else with it.
                async with asyncio.TaskGroup() as one:
                    self._playing = one.create_task(playing, name="play answer")
                self._playing = None
                if isinstance(next_one, PlayAnnouncement):
                    self._announcer.ended(next_one)

    # -------------------------------------------------------------- from the hub

    def do(self, action: SpeakerAction) -> None:  # noqa: C901 - a table of actions
        """See :class:`AnswerPlayer`."""
        match action:
            case PlayAnswer():
                self._add(action)
            case PlayAnnouncement():
                self._waiting.append(action)
                self._filled.set()
            case StopPlayback():
                self._stop()
            case PausePlayback():
                self._pause()
            case ResumePlayback():
                self._resume()
            case PlayEarcon(earcon):
                self._speaker.cue(earcon)
            case SetVolume(percent=percent):
                self._speaker.set_volume(percent)
                self._announcer.set_volume(percent)
            case ResumeVoice():
                self._discarding.disarm()
            case PrepareDecoder():
                self._expected.set()
            case KeepSpeakerAwake(needed):
                self._speaker.keep_awake(needed)
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

    def _pause(self) -> None:
        if not self._is_ours:
            # An answer in pieces or a live voice goes on at its sender: what is said meanwhile is past.
            self._stop()
            return
        self._paused = True
        self._speaker.pause(True)

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._speaker.pause(False)

    def _stop(self) -> None:
        self._paused = False
        for announcement in self._waiting:
            if isinstance(announcement, PlayAnnouncement):
                self._announcer.ended(announcement)
        self._waiting.clear()
        if self._playing is not None:
            self._playing.cancel()
        self._speaker.stop()
        if self._answer is not None:
            # What still comes of it is discarded: nothing is fed before the next begins.
            self._speaker.finish(self._answer)
            self._answer = None
        if self._live is not None:
            self._pieces.clear()
            self._discarding.arm()

    # -------------------------------------------------------------- from an answer in pieces

    def begin_answer(self) -> None:
        """Begin a finite voice, behind what still waits of the one before."""
        self.end_answer()
        self._voices += 1
        self._answer = self._voices
        self._is_ours = False
        self._speaker.begin(self._answer, live=False)
        self._tell(AnswerBegun())

    def end_answer(self) -> None:
        """Finish it; one that was stopped is over already."""
        if self._answer is not None:
            self._speaker.finish(self._answer)
            self._answer = None
            self._tell(AnswerComplete())

    def _tell(self, news: AnswerBegun | AnswerComplete) -> None:
        self._news.append(news)
        self._told.set()

    # -------------------------------------------------------------- from the live voice

    def online(self) -> None:
        """Begin a new live voice: a stream is connected."""
        self._voices += 1
        self._live = self._voices
        self._is_ours = False
        self._speaker.begin(self._live, live=True)
        self._pieces.clear()
        self._discarding.disarm()
        self._inbox.put(VoiceOnline())

    def feed(self, pcm: bytes) -> None:
        """Play the next piece, s16le mono 48 kHz, unless an interrupted answer is being discarded.

        A live voice comes in packets, and is handed on in longer pieces; its long silences are left out.
        """
        if self._answer is not None:
            self._speaker.feed(self._answer, pcm)
        elif self._live is not None and self._discarding.passes(pcm):
            if piece := self._pieces.add(pcm):
                self._speaker.feed(self._live, piece)

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """End the live voice: the stream broke, or none could be had."""
        if self._live is not None:
            if rest := self._pieces.finish():
                self._speaker.feed(self._live, rest)
            self._speaker.finish(self._live)
            self._live = None
        self._inbox.put(VoiceOffline(reason, hopeless))

    # -------------------------------------------------------------- inside

    async def _listen(self) -> None:
        async for event in self._speaker.events():
            self._announcer.heard(event)
            await self._inbox.put_when_room(event)

    async def _report(self) -> None:
        while True:
            await self._told.wait()
            self._told.clear()
            while self._news:
                await self._inbox.put_when_room(self._news.popleft())

    async def _report_unplayed(self) -> None:
        """Tell of answers whose sound reached the speaker and not the user."""
        while True:
            unplayed = await self._speaker.unplayed()
            turn = self._turns.get(unplayed.voice, 0)
            if unplayed.voice == self._announced:
                self._announcer.unplayed(unplayed.reason)
                continue
            await self._inbox.put_when_room(AnswerUnplayable(turn, unplayed.reason))

    async def _prepare(self) -> None:
        while True:
            await self._expected.wait()
            self._expected.clear()
            await self._decoder.prepare()

    async def _play(self, answer: PlayAnswer) -> None:
        self._voices += 1
        voice = self._voices
        self._is_ours = True
        self._turns[voice] = answer.turn
        while len(self._turns) > MOST_NEWS:
            del self._turns[next(iter(self._turns))]
        self._speaker.begin(voice, live=False)
        try:
            async with AsyncExitStack() as stack:
                pieces, content_type = await self._opened(answer, stack)
                pcm = await stack.enter_async_context(aclosing(self._decoder.pcm(pieces, content_type)))
                async for piece in pcm:
                    self._speaker.feed(voice, piece)
                    await self._room()
        except MediaError as error:
            self._inbox.put(AnswerUnplayable(answer.turn, str(error)))
        except TimeoutError:
            self._inbox.put(AnswerUnplayable(answer.turn, f"the speaker took nothing for {ROOM_S:g} s"))
        finally:
            self._speaker.finish(voice)

    def _new_voice(self) -> int:
        self._voices += 1
        self._is_ours = True
        self._announced = self._voices
        return self._voices

    async def _announce(self, action: PlayAnnouncement) -> None:
        try:
            await self._announcer.play(action, self._new_voice, self._room)
        finally:
            if self._live is not None and self._announced > self._live:
                # The newest voice is the one that is heard.
                self._voices += 1
                self._live = self._voices
                self._speaker.begin(self._live, live=True)

    async def _room(self) -> None:
        """Wait until the speaker has room.

        Raises:
            TimeoutError: it took nothing for ROOM_S, and is not paused.
        """
        while True:
            try:
                async with asyncio.timeout(ROOM_S):
                    await self._speaker.room()
                return  # noqa: TRY300 - the other end of the loop is an error
            except TimeoutError:
                if not self._paused:
                    raise

    async def _opened(self, answer: PlayAnswer, stack: AsyncExitStack) -> tuple[AsyncIterator[bytes], str]:
        if answer.sound:
            return in_one_piece(answer.sound), ""
        fetched = await stack.enter_async_context(self._fetch.open(answer.file_url))
        return fetched.pieces(), fetched.content_type
