"""Announcer: plays one announcement from beginning to end, at its own volume."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from ravatard.core.actions import PlayAnnouncement
from ravatard.core.events import (
    AnnouncementBegun,
    AnnouncementEnded,
    PlaybackEnded,
    PlaybackStarted,
    SpeakerEvent,
    SpeakerLost,
)
from ravatard.errors import MediaError
from ravatard.ports.media import Decoder
from ravatard.ports.speaker import Speaker
from ravatard.stages.mailbox import Inbox
from ravatard.stages.playing.content import AnnouncementContents, in_one_piece

#: What the speaker holds when all is given to it, and what a device may need to begin.
REST_S = 12.0
_STOPPED = "it was stopped"


class Announcer:
    """Plays announcements, one at a time."""

    def __init__(
        self, speaker: Speaker, decoder: Decoder, inbox: Inbox, contents: AnnouncementContents
    ) -> None:
        self._speaker = speaker
        self._decoder = decoder
        self._inbox = inbox
        self._contents = contents
        self._usual: int | None = None
        self._outcome = _STOPPED
        self._silent = asyncio.Event()
        self._is_heard = False
        #: Why the sound did not reach the user; "" while it may.
        self._lost = ""

    def heard(self, event: SpeakerEvent) -> None:
        """Follow the speaker."""
        match event:
            case PlaybackStarted():
                self._is_heard = True
                self._silent.clear()
            case PlaybackEnded():
                self._silent.set()
            case SpeakerLost(reason) if self._is_heard:
                # Before anything is heard the next attempt may play all of it; else it is told as unplayed.
                self.unplayed(f"the speaker was lost before its end: {reason}")
            case _:
                pass

    def unplayed(self, reason: str) -> None:
        """Take the speaker's word that the announcement is not played, or not to its end."""
        self._lost = reason
        self._silent.set()

    def set_volume(self, percent: int) -> None:
        """The user wants another volume: at once, and after the announcement."""
        if self._usual is not None:
            self._usual = percent

    async def play(
        self, action: PlayAnnouncement, new_voice: Callable[[], int], room: Callable[[], Awaitable[None]]
    ) -> None:
        """Play it, and tell the hub when it begins; :meth:`ended` tells its end.

        Cancelling is safe at any time, also before it was begun: the speaker was told to stop.

        Args:
            action: what to play.
            new_voice: returns the number of a new voice.
            room: returns when the speaker has room; raises TimeoutError when it takes nothing.
        """
        self._outcome = _STOPPED
        try:
            self._outcome = await self._play(action, new_voice, room)
        finally:
            if self._usual is not None:
                self._speaker.set_volume(self._usual)
                self._usual = None

    def ended(self, action: PlayAnnouncement) -> None:
        """Tell the hub that an announcement is over; of one that was never begun, that it was stopped."""
        self._inbox.put(AnnouncementEnded(action.number, self._outcome))
        self._outcome = _STOPPED

    async def _play(
        self, action: PlayAnnouncement, new_voice: Callable[[], int], room: Callable[[], Awaitable[None]]
    ) -> str:
        """Return why it was not played to its end; "" when it was."""
        sound, voice = self._contents.take(action.number), None
        self._is_heard, self._lost = False, ""
        try:
            async with aclosing(self._decoder.pcm(in_one_piece(sound))) as pcm:
                async for piece in pcm:
                    if voice is None:
                        voice = new_voice()
                        self._begin(action, voice)
                    self._speaker.feed(voice, piece)
                    await room()
                    if self._lost:
                        return self._lost
        except MediaError as error:
            return str(error)
        except TimeoutError:
            return "the speaker took nothing"
        finally:
            if voice is not None:
                self._speaker.finish(voice)
        if voice is None:
            return "there is no sound in it"
        await self._silence()
        return self._lost

    def _begin(self, action: PlayAnnouncement, voice: int) -> None:
        self._silent.clear()
        self._inbox.put(AnnouncementBegun(action.number))
        if action.volume is not None:
            self._usual = action.usual
            self._speaker.set_volume(action.volume)
        self._speaker.begin(voice, live=False)

    async def _silence(self) -> None:
        """Wait until the rest was heard; a file of silence is never heard."""
        try:
            async with asyncio.timeout(REST_S):
                await self._silent.wait()
        except TimeoutError:
            return
