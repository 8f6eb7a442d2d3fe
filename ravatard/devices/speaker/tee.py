"""Speaker that plays on a sound card and into a recording at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NoReturn

from ravatard.core.audio.speaker_events import (
    PlaybackEnded,
    PlaybackStarted,
    SpeakerEvent,
    SpeakerLost,
    SpeakerReady,
)
from ravatard.core.states import Earcon
from ravatard.ports.speaker import Speaker, UnplayedVoice

#: Each of the two sends two heartbeats a second, and little else: full means that the events are not read.
_MOST_UNREAD = 256


class SpeakerTee:
    """A :class:`ravatard.ports.speaker.Speaker` that plays on a card and into a recording.

    While the card plays, only its events count: that is the sound a user hears. Without a card the
    recording's events say when sound begins and ends, so that all goes on as it would with a card; a card
    that is missing from the start is no trouble and is not reported.

    Attributes:
        card_plays: the card takes sound.
    """

    def __init__(self, card: Speaker, recording: Speaker) -> None:
        """Neither is used before :meth:`run`."""
        self.card_plays = False
        self._card = card
        self._recording = recording
        self._events: asyncio.Queue[SpeakerEvent] = asyncio.Queue(_MOST_UNREAD)
        self._is_playing = self._had_card = False
        self._recording_ready: SpeakerReady | None = None

    async def run(self) -> NoReturn:
        """Keep both alive, without end. Cancelling leaves them as they are; :meth:`close` ends them."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(self._card), name="card's events")
            group.create_task(self._follow(self._recording), name="recording's events")
        # Both were closed.
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def _follow(self, speaker: Speaker) -> None:
        async for event in speaker.events():
            if speaker is self._card:
                await self._on_card_event(event)
            else:
                if isinstance(event, SpeakerReady):
                    self._recording_ready = event
                if not self.card_plays:
                    await self._publish(event)

    async def _on_card_event(self, event: SpeakerEvent) -> None:
        match event:
            case SpeakerReady():
                self.card_plays = self._had_card = True
                if self._is_playing:
                    # Begun by the recording, whose events do not count any more.
                    await self._publish(PlaybackEnded(asyncio.get_running_loop().time()))
                await self._publish(event)
            case SpeakerLost():
                card_played, self.card_plays = self.card_plays, False
                if card_played:
                    await self._publish(event)
                    if self._recording_ready is not None:
                        await self._publish(self._recording_ready)
            case _ if self.card_plays:
                await self._publish(event)

    async def _publish(self, event: SpeakerEvent) -> None:
        if isinstance(event, PlaybackStarted | PlaybackEnded):
            self._is_playing = isinstance(event, PlaybackStarted)
        await self._events.put(event)

    # -------------------------------------------------------------- the port

    async def events(self) -> AsyncIterator[SpeakerEvent]:
        """Yield events, without end. Cancelling the iteration loses nothing."""
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
        """The voice is complete."""
        self._card.finish(voice)
        self._recording.finish(voice)

    async def unplayed(self) -> UnplayedVoice:
        """Wait for a voice that the card does not play; one that never was there misses none."""
        while True:
            unplayed = await self._card.unplayed()
            if self._had_card:
                return unplayed

    async def room(self) -> None:
        """Wait until both have room."""
        await self._card.room()
        await self._recording.room()

    def stop(self) -> None:
        """Discard the buffered sound and fall silent."""
        self._card.stop()
        self._recording.stop()

    def pause(self, paused: bool) -> None:
        """Fall silent and keep the buffered sound (True), or go on with it."""
        self._card.pause(paused)
        self._recording.pause(paused)

    def keep_awake(self, needed: bool) -> None:
        """Keep both open, or let them sleep."""
        self._card.keep_awake(needed)
        self._recording.keep_awake(needed)

    def cue(self, earcon: Earcon) -> None:
        """Play an earcon."""
        self._card.cue(earcon)
        self._recording.cue(earcon)

    def set_volume(self, percent: int) -> None:
        """Set the volume in percent, of both: the recording is what was heard."""
        self._card.set_volume(percent)
        self._recording.set_volume(percent)

    async def close(self) -> None:
        """Close both, within two seconds. Idempotent."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._card.close(), name="close card")
            group.create_task(self._recording.close(), name="close recording")
