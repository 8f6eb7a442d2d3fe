"""What the ear hears reaches the hub, and its progress is counted."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.core.events import Listened, MicrophoneLost, MicrophoneReady
from ravatard.errors import InternalError
from ravatard.stages.capture import Progress, capture
from ravatard.stages.mailbox import Inbox
from tests.unit.stages.fakes import FakeEar, running


async def test_events_reach_the_inbox_in_order() -> None:
    ear, inbox = FakeEar(), Inbox()

    async with running(lambda: capture(ear, inbox, Progress())):
        ear.says.put_nowait(MicrophoneReady("usb"))
        ear.says.put_nowait(Listened(4000, -60.0, -66.0))

        assert await inbox.get() == MicrophoneReady("usb")
        assert await inbox.get() == Listened(4000, -60.0, -66.0)


async def test_an_ear_that_ends_is_a_bug() -> None:
    ear = FakeEar()
    ear.says.put_nowait(None)

    with pytest.raises(InternalError, match="ended"):
        await capture(ear, Inbox(), Progress())


async def test_cancelling_ends_it() -> None:
    async with running(lambda: capture(FakeEar(), Inbox(), Progress())) as task:
        await asyncio.sleep(1.0)

    assert task.cancelled()


def test_progress_counts_over_every_opening_of_the_device() -> None:
    progress = Progress()

    for event in (
        MicrophoneReady("usb"),
        Listened(4_000, 0, 0),
        Listened(8_000, 0, 0),
        MicrophoneLost("gone"),
        MicrophoneReady("usb"),
        Listened(4_000, 0, 0),
    ):
        progress.note(event)

    # A device that opens has delivered at least its first sample.
    assert progress.samples == 12_000 + 2


def test_progress_stands_still_when_nothing_new_was_captured() -> None:
    progress = Progress()
    progress.note(Listened(4_000, 0, 0))

    progress.note(Listened(4_000, 0, 0))

    assert progress.samples == 4_000
