"""Two speakers in one: what is heard is what the card plays, and without a card what is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ravatard.core.events import (
    PlaybackEnded,
    PlaybackStarted,
    Played,
    SpeakerAsleep,
    SpeakerAwake,
    SpeakerEvent,
    SpeakerLost,
    SpeakerReady,
)
from ravatard.core.states import Earcon
from ravatard.devices.speaker.tee import SpeakerTee
from ravatard.ports.speaker import UnplayedVoice
from ravatard.sim.speaker import SimSpeaker

CARD, FILE = SpeakerReady("USB speaker", 20.0), SpeakerReady("recording a.wav", 0.0)
GONE = SpeakerLost("pulled out")


class Told(SimSpeaker):
    """A speaker that says what the test makes it say."""

    def __init__(self) -> None:
        super().__init__()
        self._said: asyncio.Queue[SpeakerEvent] = asyncio.Queue()
        self.fed: list[tuple[int, bytes]] = []
        self.finished: list[int] = []

    def feed(self, voice: int, pcm: bytes) -> None:
        self.fed.append((voice, pcm))
        super().feed(voice, pcm)

    def finish(self, voice: int) -> None:
        self.finished.append(voice)

    def says(self, *events: SpeakerEvent) -> None:
        for event in events:
            self._said.put_nowait(event)

    async def events(self) -> AsyncIterator[SpeakerEvent]:
        while True:
            yield await self._said.get()


class Rig:
    """A tee, its two speakers, and what it tells."""

    def __init__(self) -> None:
        self.card, self.recording = Told(), Told()
        self.tee = SpeakerTee(self.card, self.recording)
        self.told: list[SpeakerEvent] = []

    async def listen(self) -> None:
        async for event in self.tee.events():
            self.told.append(event)

    async def says(self, speaker: Told, *events: SpeakerEvent) -> None:
        speaker.says(*events)
        await asyncio.sleep(0.001)


@asynccontextmanager
async def teed() -> AsyncIterator[Rig]:
    rig = Rig()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(rig.tee.run()), group.create_task(rig.listen())]
        yield rig
        for task in tasks:
            task.cancel()


async def test_a_card_that_plays_is_believed_and_the_recording_is_not_asked() -> None:
    async with teed() as rig:
        await rig.says(rig.card, CARD)
        await rig.says(rig.recording, FILE, PlaybackStarted(0.9), PlaybackEnded(1.9))
        await rig.says(rig.card, PlaybackStarted(1.0), Played(1, 80.0), PlaybackEnded(2.0))

    assert rig.told == [CARD, PlaybackStarted(1.0), Played(1, 80.0), PlaybackEnded(2.0)]
    assert rig.tee.card_plays


async def test_without_a_card_the_recording_tells_and_the_missing_card_is_no_trouble() -> None:
    async with teed() as rig:
        await rig.says(rig.recording, FILE)
        await rig.says(rig.card, SpeakerLost("there is none"), SpeakerLost("there is still none"))
        await rig.says(rig.recording, PlaybackStarted(1.0), PlaybackEnded(2.0))

    assert rig.told == [FILE, PlaybackStarted(1.0), PlaybackEnded(2.0)]
    assert not rig.tee.card_plays


async def test_a_card_that_comes_in_mid_answer_ends_what_the_recording_began() -> None:
    async with teed() as rig:
        await rig.says(rig.recording, FILE, PlaybackStarted(1.0))
        await rig.says(rig.card, CARD, PlaybackStarted(1.5))
        await rig.says(rig.recording, PlaybackEnded(2.0))
        await rig.says(rig.card, PlaybackEnded(2.1))

    assert [type(event) for event in rig.told] == [
        *(SpeakerReady, PlaybackStarted, PlaybackEnded),
        *(SpeakerReady, PlaybackStarted, PlaybackEnded),
    ]
    assert rig.told[-1] == PlaybackEnded(2.1)


async def test_a_card_that_is_pulled_out_is_told_and_the_recording_goes_on() -> None:
    async with teed() as rig:
        await rig.says(rig.recording, FILE)
        await rig.says(rig.card, CARD, PlaybackStarted(1.0), PlaybackEnded(1.5), GONE)
        await rig.says(rig.recording, PlaybackStarted(3.0))

    assert rig.told[-3:] == [GONE, FILE, PlaybackStarted(3.0)]


async def test_both_get_all_that_is_to_be_heard() -> None:
    rig, sound = Rig(), b"\x00\x10" * 4_800

    rig.tee.begin(1, live=True)
    rig.tee.feed(1, sound)
    rig.tee.finish(1)
    rig.tee.cue(Earcon.SENT)
    rig.tee.set_volume(30)
    rig.tee.stop()
    await rig.tee.close()

    for one in (rig.card, rig.recording):
        assert one.live == {1: True}
        assert (one.fed, one.finished) == ([(1, sound)], [1])
        assert [earcon for _, earcon in one.earcons] == [Earcon.SENT]
        assert one.percent == 30
        assert len(one.stopped_at) == 1
        assert one.closed


async def test_there_is_room_when_both_have_room() -> None:
    rig = Rig()
    loop = asyncio.get_running_loop()
    rig.card.feed(1, bytes(96_000 * 3))
    rig.recording.feed(1, bytes(96_000 * 5))

    begun = loop.time()
    await rig.tee.room()

    assert loop.time() - begun == pytest.approx(3.08, abs=0.05)


async def test_an_iteration_that_is_cancelled_loses_nothing() -> None:
    rig = Rig()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(rig.tee.run())
        first = group.create_task(rig.listen())
        await asyncio.sleep(0.001)
        first.cancel()
        await rig.says(rig.card, CARD)
        second = group.create_task(rig.listen())
        await rig.says(rig.card, PlaybackStarted(1.0))
        running.cancel()
        second.cancel()

    assert rig.told == [CARD, PlaybackStarted(1.0)]


async def test_both_are_kept_awake_and_the_sleep_of_the_one_that_is_heard_is_told() -> None:
    async with teed() as rig:
        rig.tee.keep_awake(True)
        await rig.says(rig.card, CARD, SpeakerAsleep())
        await rig.says(rig.recording, FILE, SpeakerAsleep(), SpeakerAwake())

    assert [needed for _, needed in rig.card.kept_awake] == [True]
    assert [needed for _, needed in rig.recording.kept_awake] == [True]
    assert rig.told == [CARD, SpeakerAsleep()]


async def test_a_card_that_never_was_there_misses_no_answer_and_one_that_was_does() -> None:
    rig = Rig()
    rig.card.unplug()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(rig.tee.run())
        missed = group.create_task(rig.tee.unplayed())
        await asyncio.sleep(0)
        rig.tee.feed(1, b"\1\0")
        await asyncio.sleep(1)
        before = missed.done()
        await rig.says(rig.card, CARD, GONE)
        rig.tee.feed(2, b"\1\0")
        await asyncio.sleep(1)
        running.cancel()

    assert not before
    assert missed.result() == UnplayedVoice(2, "there is no speaker")
