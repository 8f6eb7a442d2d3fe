"""Requests for announcements, in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ravatard.core.control.protocol import PlayRequest, UploadRequest
from ravatard.core.events import (
    AnnouncementAsked,
    AnnouncementBegun,
    AnnouncementEnded,
    PlaybackStarted,
    Tick,
)
from ravatard.errors import MediaError
from ravatard.stages.mailbox import ROOM, Inbox
from ravatard.stages.playing.content import LARGEST_BYTES, AnnouncementContents
from ravatard.stages.playing.requests import BEGINNING_S, DOWNLOAD_S, MOST_WAITING, AnnouncementRequests

NAME = "0123456789abcdef"


class Site:
    """A web server: what it has under an address, or how it fails."""

    content_type = "audio/wav"

    def __init__(self) -> None:
        self.pieces_of: dict[str, list[bytes | float]] = {"https://a.example/b.wav": [b"so", b"und"]}
        self._now: list[bytes | float] = []

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Site]:
        if url not in self.pieces_of:
            raise MediaError("the server has no such file")
        self._now = self.pieces_of[url]
        yield self

    async def pieces(self) -> AsyncIterator[bytes]:
        for piece in self._now:
            if isinstance(piece, bytes):
                yield piece
            else:
                await asyncio.sleep(piece)


class Hall:
    """Requests with everything around them."""

    def __init__(self, *, speaks: bool = True) -> None:
        self.inbox, self.site = Inbox(), Site()
        self.contents = AnnouncementContents(lambda: 0.0)
        self.requests = AnnouncementRequests(self.inbox, self.contents, self.site if speaks else None)

    async def play(self, asked: PlayRequest) -> dict[str, Any]:
        return dict(json.loads(await self.requests.play(asked)))

    async def taken(self) -> AnnouncementAsked:
        event = await self.inbox.get()
        assert isinstance(event, AnnouncementAsked)
        return event

    def upload(self, data: bytes) -> dict[str, Any]:
        return dict(json.loads(self.requests.upload(UploadRequest(NAME, data))))


URL = PlayRequest("https://a.example/b.wav", volume=40)


async def test_an_address_is_downloaded_and_the_reply_comes_when_it_is_heard() -> None:
    hall = Hall()

    async def hub() -> None:
        asked = await hall.taken()
        assert (asked.number, asked.volume) == (1, 40)
        assert hall.contents.take(1) == b"sound"
        await asyncio.sleep(3)
        hall.requests.on_event(Tick(), 0.0)
        hall.requests.on_action(object(), 0.0)
        # Of what was said before.
        hall.requests.on_event(PlaybackStarted(0.0), 0.0)
        hall.requests.on_event(AnnouncementBegun(1), 0.0)
        await asyncio.sleep(1)
        hall.requests.on_event(PlaybackStarted(0.0), 0.0)

    async with asyncio.TaskGroup() as group:
        group.create_task(hub())
        reply = await hall.play(URL)

    assert reply == {"ok": True, "says": "it is being played"}
    assert asyncio.get_running_loop().time() == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize(
    ("reason", "reply"),
    [
        ("no speaker", {"ok": False, "error": "it cannot be played: no speaker"}),
        ("", {"ok": True, "says": "it was played"}),
        (None, {"ok": True, "says": "it was given to the speaker, and nothing of it is heard yet"}),
    ],
    ids=["without a speaker", "a file of silence", "a speaker that opens slowly"],
)
async def test_one_that_is_begun_and_never_heard_is_not_called_played(
    reason: str | None, reply: dict[str, Any]
) -> None:
    hall = Hall()

    async def hub() -> None:
        await hall.taken()
        hall.requests.on_event(AnnouncementBegun(1), 0.0)
        await asyncio.sleep(2)
        if reason is not None:
            hall.requests.on_event(AnnouncementEnded(1, reason), 0.0)

    async with asyncio.TaskGroup() as group:
        group.create_task(hub())
        assert await hall.play(URL) == reply


async def test_a_file_is_uploaded_and_played() -> None:
    hall = Hall()
    assert hall.upload(b"so")["says"] == "2 bytes so far"
    hall.upload(b"und")

    async def hub() -> None:
        assert hall.contents.take((await hall.taken()).number) == b"sound"
        hall.requests.on_event(AnnouncementBegun(1), 0.0)

    async with asyncio.TaskGroup() as group:
        group.create_task(hub())
        assert (await hall.play(PlayRequest(upload=NAME)))["ok"]


async def test_what_fails_is_told_with_its_reason() -> None:
    hall = Hall()

    async def hub() -> None:
        await hall.taken()
        hall.requests.on_event(AnnouncementEnded(1, "this is no sound"), 0.0)

    async with asyncio.TaskGroup() as group:
        group.create_task(hub())
        reply = await hall.play(URL)

    assert reply == {"ok": False, "error": "it cannot be played: this is no sound"}


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (None, "no such file"),
        ([bytes(LARGEST_BYTES), b"x"], "larger than 8 MiB"),
        ([b"x", DOWNLOAD_S + 1, b"y"], "took longer than 30 s"),
    ],
    ids=["missing", "large", "slow"],
)
async def test_a_download_that_fails_is_no_announcement(
    pieces: list[bytes | float] | None, words: str
) -> None:
    hall = Hall()
    hall.site.pieces_of = {} if pieces is None else {URL.url: pieces}

    reply = await hall.play(URL)

    assert words in reply["error"]
    assert hall.inbox._queue.empty()


async def test_one_file_is_downloaded_at_a_time() -> None:
    hall = Hall()
    hall.site.pieces_of = {URL.url: [5.0, b"x"]}

    async with asyncio.TaskGroup() as group:
        first = group.create_task(hall.play(URL))
        await asyncio.sleep(1)
        second = await hall.play(URL)

    assert "another file is being downloaded" in second["error"]
    assert first.result()["ok"]


async def test_an_unknown_upload_is_refused() -> None:
    assert "nothing was sent" in (await Hall().play(PlayRequest(upload=NAME)))["error"]


async def test_too_large_an_upload_is_refused() -> None:
    assert "larger than 8 MiB" in Hall().upload(bytes(LARGEST_BYTES + 1))["error"]


async def test_one_that_waits_is_answered_in_the_end_and_only_so_many_wait() -> None:
    hall = Hall()

    replies = [await hall.play(URL) for _ in range(MOST_WAITING)]
    waited_s = asyncio.get_running_loop().time()
    refused = await hall.play(URL)

    assert all("it waits until" in reply["says"] for reply in replies)
    assert waited_s == pytest.approx(MOST_WAITING * BEGINNING_S, abs=0.1)
    assert "wait already" in refused["error"]
    hall.requests.on_event(AnnouncementEnded(1), 0.0)
    assert (await hall.play(URL))["ok"]


async def test_one_that_is_cancelled_before_the_hub_could_take_it_takes_no_place() -> None:
    hall = Hall()
    for _ in range(ROOM):
        hall.inbox.put(Tick())

    for _ in range(MOST_WAITING):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await hall.play(URL)

    assert [hall.contents.take(number) for number in range(1, MOST_WAITING + 1)] == [b""] * MOST_WAITING
    await hall.inbox.get()
    assert (await hall.play(URL))["ok"]


async def test_without_a_speaker_everything_is_refused() -> None:
    hall = Hall(speaks=False)

    assert "no speaker" in hall.upload(b"x")["error"]
    assert "no speaker" in (await hall.play(URL))["error"]
