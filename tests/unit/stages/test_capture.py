"""What the ear hears reaches the hub."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.core.events import Listened, MicrophoneReady
from ravatard.errors import InternalError
from ravatard.stages.capture import capture
from ravatard.stages.mailbox import Inbox
from tests.unit.stages.fakes import FakeEar, running


async def test_events_reach_the_inbox_in_order() -> None:
    ear, inbox = FakeEar(), Inbox()

    async with running(lambda: capture(ear, inbox)):
        ear.says.put_nowait(MicrophoneReady("usb"))
        ear.says.put_nowait(Listened(4000, -60.0, -66.0))

        assert await inbox.get() == MicrophoneReady("usb")
        assert await inbox.get() == Listened(4000, -60.0, -66.0)


async def test_steady_noise_is_logged_when_it_begins_and_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ear, inbox = FakeEar(), Inbox()

    async with running(lambda: capture(ear, inbox)):
        for floor_db in [-20.0] * 70 + [-60.0] * 70:
            ear.says.put_nowait(Listened(8_000, floor_db, floor_db))
            await inbox.get()
            await asyncio.sleep(1.0)

    assert [record.message[:24] for record in caplog.records if record.name.startswith("ravatard")] == [
        "steady noise of -20 dBFS",
        "the steady noise at the ",
    ]


async def test_an_ear_that_ends_is_a_bug() -> None:
    ear = FakeEar()
    ear.says.put_nowait(None)

    with pytest.raises(InternalError, match="ended"):
        await capture(ear, Inbox())


async def test_cancelling_ends_it() -> None:
    async with running(lambda: capture(FakeEar(), Inbox())) as task:
        await asyncio.sleep(1.0)

    assert task.cancelled()
