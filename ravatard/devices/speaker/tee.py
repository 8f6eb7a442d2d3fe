"""One sound, heard and kept: a speaker that is two, of which the one that is there tells what is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NoReturn

from ravatard.core.events import PlaybackEnded, PlaybackStarted, SpeakerEvent, SpeakerLost, SpeakerReady
from ravatard.core.states import Earcon
from ravatard.ports.speaker import Speaker

#: Two signs of life a second from each of the two, and next to nothing else: full means that nobody reads.
_MOST_UNREAD = 256


class SpeakerTee:
    """A :class:`ravatard.ports.speaker.Speaker` that plays on a card, and into a recording.

    While the card plays, it alone is believed: what is heard is heard there. Without one the recording tells
    when sound begins and ends, so that everything goes on as it would with a card; a card that is missing is
    then no trouble, and none is told.

    Attributes:
        card_plays: the card takes sound.
    """

    def __init__(self, card: Speaker, recording: Speaker) -> None:
        """Neither is touched before :meth:`run`."""
        self.card_plays = False
        self._card = card
        self._recording = recording
        self._events: asyncio.Queue[SpeakerEvent] = asyncio.Queue(_MOST_UNREAD)
        self._sounds = False
        self._recording_ready: SpeakerReady | None = None

    async def run(self) -> NoReturn:
        """Eternal: keeps both alive. Cancelling leaves them as they are; :meth:`close` ends them."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(self._card), name="card's events")
            group.create_task(self._follow(self._recording), name="recording's events")
        # Both were closed.
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def _follow(self, speaker: Speaker) -> None:
        async for event in speaker.events():
            if speaker is self._card:
                await self._card_says(event)
            else:
                if isinstance(event, SpeakerReady):
                    self._recording_ready = event
                if not self.card_plays:
                    await self._tell(event)

    async def _card_says(self, event: SpeakerEvent) -> None:
        match event:
            case SpeakerReady():
                self.card_plays = True
                if self._sounds:
                    # It was the recording's, which is not asked any more.
                    await self._tell(PlaybackEnded(asyncio.get_running_loop().time()))
                await self._tell(event)
            case SpeakerLost():
                was_there, self.card_plays = self.card_plays, False
                if was_there:
                    await self._tell(event)
                    if self._recording_ready is not None:
                        await self._tell(self._recording_ready)
            case _ if self.card_plays:
                await self._tell(event)

    async def _tell(self, event: SpeakerEvent) -> None:
        if isinstance(event, PlaybackStarted | PlaybackEnded):
            self._sounds = isinstance(event, PlaybackStarted)
        await self._events.put(event)

    # -------------------------------------------------------------- what the port promises

    async def events(self) -> AsyncIterator[SpeakerEvent]:
        """What becomes of the sound, for ever. Cancelling the iteration loses nothing."""
        while True:
            yield await self._events.get()

    def begin(self, voice: int, *, live: bool) -> None:
        """A voice follows."""
        self._card.begin(voice, live=live)
        self._recording.begin(voice, live=live)

    def feed(self, voice: int, pcm: bytes) -> None:
        """The next piece of a voice."""
        self._card.feed(voice, pcm)
        self._recording.feed(voice, pcm)

    def finish(self, voice: int) -> None:
        """Nothing more comes of this voice."""
        self._card.finish(voice)
        self._recording.finish(voice)

    async def room(self) -> None:
        """Returns when both have room."""
        await self._card.room()
        await self._recording.room()

    def stop(self) -> None:
        """Fall silent."""
        self._card.stop()
        self._recording.stop()

    def cue(self, earcon: Earcon) -> None:
        """Sound a short signal."""
        self._card.cue(earcon)
        self._recording.cue(earcon)

    def set_volume(self, percent: int) -> None:
        """Loudness in percent of full, of both: the recording is what was heard."""
        self._card.set_volume(percent)
        self._recording.set_volume(percent)

    async def close(self) -> None:
        """Close both, within two seconds. Idempotent."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._card.close(), name="close card")
            group.create_task(self._recording.close(), name="close recording")
