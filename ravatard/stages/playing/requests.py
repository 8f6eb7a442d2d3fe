"""Requests for announcements: taken over from the control socket, and answered when they begin or fail."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import count

from ravatard.core.control import protocol
from ravatard.core.events import (
    AnnouncementAsked,
    AnnouncementBegun,
    AnnouncementEnded,
    Event,
    PlaybackStarted,
)
from ravatard.errors import MediaError
from ravatard.ports.media import Fetch
from ravatard.stages.mailbox import Inbox
from ravatard.stages.playing.content import LARGEST_BYTES, AnnouncementContents

#: Most announcements that wait or are played; more are refused.
MOST_WAITING = 4
#: How long a download may take.
DOWNLOAD_S = 30.0
#: How long a reply then waits for the announcement to be heard, behind what is heard or awaited.
BEGINNING_S = 15.0


@dataclass(slots=True)
class _Asked:
    """Announcement that was asked for; ``end``: why it was not played to its end, "" when it was."""

    begun: bool = False
    heard: bool = False
    end: str | None = None


class AnnouncementRequests:
    """Handler of requests for announcements, and an observer of the hub."""

    def __init__(self, inbox: Inbox, contents: AnnouncementContents, fetch: Fetch | None) -> None:
        """Take requests, and have them played.

        Args:
            inbox: gets AnnouncementAsked.
            contents: what the player takes the sound from.
            fetch: downloads what has an address, under the rules for answers; None: there is no speaker.
        """
        self._inbox = inbox
        self._contents = contents
        self._fetch = fetch
        self._numbers = count(1)
        self._open: dict[int, _Asked] = {}
        self._changed = asyncio.Event()
        self._loads = False

    def on_event(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        match event:
            case AnnouncementBegun(number) if number in self._open:
                self._open[number].begun = True
            case PlaybackStarted():
                for asked in self._open.values():
                    asked.heard = asked.begun
            case AnnouncementEnded(number, reason) if number in self._open:
                self._open.pop(number).end = reason
            case _:
                return
        self._changed.set()
        self._changed = asyncio.Event()

    def on_action(self, action: object, now: float) -> None:
        """Ignore actions."""

    def upload(self, part: protocol.UploadRequest) -> bytes:
        """Take a part of a file; return the reply."""
        if self._fetch is None:
            return protocol.refused(_SPEECHLESS)
        try:
            so_far = self._contents.add_part(part.name, part.data)
        except MediaError as error:
            return protocol.refused(str(error))
        return protocol.agreed(f"{so_far} bytes so far")

    async def play(self, asked: protocol.PlayRequest) -> bytes:
        """Have it played; return the reply when it is heard, has failed, or after BEGINNING_S.

        It is downloaded first: so it begins at once when its turn has come, and never in the middle of what
        is said meanwhile. Cancelling is safe.
        """
        if self._fetch is None:
            return protocol.refused(_SPEECHLESS)
        if len(self._open) >= MOST_WAITING:
            return protocol.refused(f"{MOST_WAITING} announcements wait already; try again later")
        number, mine = next(self._numbers), _Asked()
        try:
            sound = await self._sound(self._fetch, asked)
            self._contents.put(number, sound)
        except MediaError as error:
            return protocol.refused(f"it cannot be played: {error}")
        self._open[number] = mine
        try:
            await self._inbox.put_when_room(AnnouncementAsked(number, asked.volume))
        except asyncio.CancelledError:
            # The hub has not heard of it, and will tell no end of it.
            del self._open[number]
            self._contents.take(number)
            raise
        try:
            async with asyncio.timeout(BEGINNING_S):
                while not mine.heard and mine.end is None:
                    await self._changed.wait()
        except TimeoutError:
            if mine.begun:
                return protocol.agreed("it was given to the speaker, and nothing of it is heard yet")
            return protocol.agreed("it waits until nothing else is heard or awaited, and is played then")
        if mine.end:
            return protocol.refused(f"it cannot be played: {mine.end}")
        return protocol.agreed("it is being played" if mine.end is None else "it was played")

    async def _sound(self, fetch: Fetch, asked: protocol.PlayRequest) -> bytes:
        """Return what was uploaded, or is at the address; one download at a time, for the sake of memory.

        Raises:
            MediaError: it cannot be had.
        """
        if asked.upload:
            return self._contents.uploaded(asked.upload)
        if self._loads:
            raise MediaError("another file is being downloaded; try again")
        self._loads = True
        try:
            return await _downloaded(fetch, asked.url)
        finally:
            self._loads = False


async def _downloaded(fetch: Fetch, url: str) -> bytes:
    """Return the file at ``url``.

    Raises:
        MediaError: it may not be fetched, cannot be, is too large, or takes too long.
    """
    sound = bytearray()
    try:
        async with asyncio.timeout(DOWNLOAD_S), fetch.open(url) as fetched:
            async for piece in fetched.pieces():
                sound += piece
                if len(sound) > LARGEST_BYTES:
                    raise MediaError(f"the file is larger than {LARGEST_BYTES >> 20} MiB")
    except TimeoutError:
        raise MediaError(f"the download took longer than {DOWNLOAD_S:g} s") from None
    return bytes(sound)


_SPEECHLESS = "this appliance has no speaker (speaker.enabled is false)"
