"""A display shows the picture of whichever session is held, and what the appliance does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NoReturn

from ravatard.core.audio.speaker_events import PlaybackEnded, PlaybackStarted
from ravatard.core.indication import Indication, Look, Show
from ravatard.secret import Secret
from ravatard.stages.display import OnDisplay, display
from ravatard.stages.mailbox import Inbox
from tests.unit.stages.fakes import FakeCloud, running


class FakeScreen:
    sound_in_browser = False
    faults: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.serving = 0
        self.shown: list[Indication] = []
        self.staged: list[str | None] = []
        self.sounds: list[bool] = []

    async def serve(self) -> NoReturn:
        self.serving += 1
        try:
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")
        finally:
            self.serving -= 1

    async def sounding(self) -> AsyncIterator[bool]:
        for sounds in self.sounds:
            await asyncio.sleep(1.0)
            yield sounds
        await asyncio.Event().wait()

    def show(self, indication: Indication) -> None:
        self.shown.append(indication)

    def stage(self, url: Secret | None, token: Secret | None) -> None:
        self.staged.append(None if url is None or token is None else url.reveal() + token.reveal())


async def test_the_picture_follows_the_session_while_the_page_is_served() -> None:
    screen, cloud = FakeScreen(), FakeCloud()
    cloud.pictures = [None, (Secret("url"), Secret("+token")), None]

    async with running(lambda: display(screen, cloud, Inbox())):
        await asyncio.sleep(0.1)
        assert screen.serving == 1

    assert screen.serving == 0
    assert screen.staged == [None, "url+token", None]


async def test_a_browser_that_is_heard_is_a_voice_that_sounds() -> None:
    screen, inbox = FakeScreen(), Inbox()
    screen.sounds = [True, False]
    begun = asyncio.get_running_loop().time()

    async with running(lambda: display(screen, FakeCloud(), inbox)):
        heard = [await inbox.get(), await inbox.get()]

    assert heard == [PlaybackStarted(begun + 1.0), PlaybackEnded(begun + 2.0)]


def test_what_the_hub_shows_is_shown_and_nothing_else() -> None:
    screen = FakeScreen()
    observer = OnDisplay(screen)
    indication = Indication(Look.READY, "ready")

    observer.on_event("an event", 1.0)
    observer.on_action("an action", 1.0)
    observer.on_action(Show(indication), 1.0)

    assert screen.shown == [indication]
