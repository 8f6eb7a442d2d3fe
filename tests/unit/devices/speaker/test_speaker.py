from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import pytest

from ravatard.core.events import (
    PlaybackEnded,
    PlaybackStarted,
    Played,
    SpeakerEvent,
    SpeakerLost,
    SpeakerReady,
)
from ravatard.core.states import Earcon
from ravatard.devices.process.environment import ProcessEnvironment
from ravatard.devices.process.retry import RetryPolicy
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.protocol import (
    LONGEST_FEED,
    Begin,
    Feed,
    Finish,
    Heartbeat,
    Pause,
    Play,
    PlayFailed,
    PlayRecord,
    SetEarcon,
    SoundEarcon,
    Stop,
    Volume,
)
from ravatard.devices.speaker.speaker import ChildSpeaker
from ravatard.errors import DeviceError, InternalError
from ravatard.ports.speaker import UnplayedVoice
from tests.unit.devices.children import FakeChild

READY = SpeakerReady("USB speaker", 20.0)
SECOND = bytes(96_000)


class FakeSpeaker(FakeChild[PlayRecord]):
    """One that has taken every sound at once."""

    def discard_unsent(self) -> int:
        return 0


class Room:
    """A speaker, the children it started, and its events."""

    def __init__(
        self, *, alsa_config: str = "system", opens: bool = True, options: SpeakerOptions | None = None
    ) -> None:
        self.children: list[FakeSpeaker] = []
        self._opens = opens
        self.cannot_start = False
        self.speaker = ChildSpeaker(
            options or SpeakerOptions(alsa_config=alsa_config, volume=70),  # type: ignore[arg-type]  # either word
            environ={},
            earcons={Earcon.SENT: b"\1\0"},
            environment=ProcessEnvironment(RetryPolicy(start_s=10), self.spawn, lambda: "cards"),
        )
        self.events: AsyncIterator[SpeakerEvent] = self.speaker.events()

    def spawn(self, environment: Mapping[str, str], first: Play) -> FakeSpeaker:
        if self.cannot_start:
            raise DeviceError("no memory")
        child = FakeSpeaker(environment, first)
        if self._opens:
            child.says(READY)
        self.children.append(child)
        return child

    async def next(self) -> SpeakerEvent:
        return await anext(self.events)


async def ready() -> tuple[Room, FakeSpeaker]:
    room = Room()
    assert await room.next() == READY
    return room, room.children[0]


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_it_is_ready_when_its_process_says_so_and_knows_volume_and_earcons() -> None:
    room, child = await ready()

    assert child.sent[:2] == [
        Play(SpeakerOptions(alsa_config="system", volume=70), 70),
        SetEarcon(Earcon.SENT, b"\1\0"),
    ]
    await room.speaker.close()
    assert child.kills


async def test_what_is_asked_for_is_handed_on_in_order() -> None:
    room, child = await ready()
    speaker = room.speaker

    speaker.feed(1, bytes(LONGEST_FEED + 10))
    speaker.finish(1)
    speaker.cue(Earcon.SENT)
    speaker.set_volume(150)
    speaker.pause(True)
    speaker.stop()

    assert child.sent[2:] == [
        Feed(1, bytes(LONGEST_FEED)),
        Feed(1, bytes(10)),
        Finish(1),
        SoundEarcon(Earcon.SENT),
        Volume(100),
        Pause(paused=True),
        Stop(),
    ]


async def test_what_becomes_of_an_answer_is_told() -> None:
    room, child = await ready()

    child.says(
        PlaybackStarted(1.0),
        Heartbeat(True, 1, 480, 96, 0),
        PlaybackEnded(2.0),
        Heartbeat(False, 1, 0, 96, 0),
    )
    child.says(Heartbeat(False, 1, 0, 96, 0), PlaybackStarted(3.0))

    assert [await room.next() for _ in range(5)] == [
        PlaybackStarted(1.0),
        Played(1, 10.0, 2.0),
        PlaybackEnded(2.0),
        Played(1, 0.0, 2.0),
        PlaybackStarted(3.0),
    ]


async def test_a_process_that_stands_still_is_noticed_within_a_second_and_replaced() -> None:
    room, child = await ready()
    child.says(PlaybackStarted(0.0), Heartbeat(True, 0, 480, 0, 0))
    await room.next()
    await room.next()
    begun = now()

    told = [await room.next() for _ in range(4)]

    assert isinstance(told[0], PlaybackEnded)
    assert told[1:] == [Played(0, 0.0), SpeakerLost("the speaker stands still: nothing for 1 s"), READY]
    assert now() - begun <= 2
    assert len(room.children) == 2


async def test_one_that_dies_or_babbles_is_replaced_and_goes_on_with_the_recording_and_volume() -> None:
    room, child = await ready()
    room.speaker.set_volume(20)
    child.says()
    lost = await room.next()
    assert await room.next() == READY
    room.children[1].babbles()

    assert lost == SpeakerLost("the speaker's sound process ended by itself")
    assert room.children[1].sent[0] == Play(SpeakerOptions(alsa_config="system", volume=70), 20, fresh=False)
    assert await room.next() == SpeakerLost("the sound process sent nonsense")


async def test_the_first_answer_is_heard_from_its_beginning_when_the_device_opens_in_time() -> None:
    room = Room(opens=False)
    room.speaker.begin(1, live=False)
    room.speaker.feed(1, bytes(LONGEST_FEED + 10))
    room.speaker.finish(1)

    async with asyncio.TaskGroup() as group:
        opened = group.create_task(room.next())
        waits = group.create_task(room.speaker.room())
        await asyncio.sleep(1.5)
        before, waited = list(room.children[0].sent), not waits.done()
        room.children[0].says(READY)

    assert opened.result() == READY
    assert waited
    assert not any(isinstance(record, Feed) for record in before)
    assert room.children[0].sent[2:] == [
        Begin(1, live=False),
        Feed(1, bytes(LONGEST_FEED)),
        Feed(1, bytes(10)),
        Finish(1),
    ]
    assert now() == pytest.approx(1.5)


async def test_an_answer_is_not_played_two_seconds_after_its_moment() -> None:
    room = Room(opens=False)
    room.speaker.feed(1, SECOND)

    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        await room.speaker.room()
        waited_s = now()
        room.speaker.feed(1, SECOND)
        room.children[0].says(READY)

    assert waited_s == pytest.approx(2.0, abs=0.1)
    assert not any(isinstance(record, Feed) for record in room.children[0].sent)


async def test_an_answer_that_is_stopped_before_the_device_opens_is_not_heard() -> None:
    room = Room(opens=False)
    room.speaker.feed(1, SECOND)

    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        group.create_task(room.speaker.room())
        await asyncio.sleep(0.5)
        room.speaker.stop()
        await asyncio.sleep(0)
        room.children[0].says(READY)

    assert now() == pytest.approx(0.5)
    assert not any(isinstance(record, Feed) for record in room.children[0].sent)


async def unplayed(room: Room) -> list[UnplayedVoice]:
    """The voices that are told by now."""
    told = []
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(0.001):
                told.append(await room.speaker.unplayed())
    return told


async def test_an_answer_that_was_heard_when_the_speaker_is_lost_is_cut_off_told_and_not_repeated() -> None:
    room, child = await ready()
    room.speaker.feed(1, SECOND * 2)
    room.speaker.finish(1)
    child.says(PlaybackStarted(0.0), Heartbeat(True, 0, 72_000, 0, 2 * 96_000))
    await room.next()
    await room.next()
    child.ends()

    kinds = [type(await room.next()) for _ in range(4)]

    assert kinds == [PlaybackEnded, Played, SpeakerLost, SpeakerReady]
    assert await unplayed(room) == [
        UnplayedVoice(1, "the speaker was lost before its end: the speaker's sound process ended by itself")
    ]
    assert not any(isinstance(record, Feed) for record in room.children[1].sent)


async def test_an_answer_that_a_standing_process_took_is_played_by_the_next() -> None:
    room, child = await ready()
    child.says(Heartbeat(False, 0, 0, 0, 0))
    async with asyncio.TaskGroup() as group:
        lost = group.create_task(room.next())
        await asyncio.sleep(0.1)
        room.speaker.feed(1, SECOND)
        room.speaker.finish(1)

    assert lost.result() == SpeakerLost("the speaker stands still: nothing for 1 s")
    assert await room.next() == READY
    assert [record for record in room.children[1].sent if isinstance(record, Feed | Finish)] == [
        *(Feed(1, SECOND[at : at + LONGEST_FEED]) for at in range(0, len(SECOND), LONGEST_FEED)),
        Finish(1),
    ]
    assert await unplayed(room) == []


async def test_an_answer_that_was_stopped_is_neither_repeated_nor_told() -> None:
    room, child = await ready()
    room.speaker.feed(1, SECOND)
    room.speaker.stop()
    child.ends()

    assert isinstance(await room.next(), SpeakerLost)
    assert await room.next() == READY
    assert not any(isinstance(record, Feed) for record in room.children[1].sent)
    assert await unplayed(room) == []


async def test_of_two_answers_that_wait_for_the_device_both_are_played() -> None:
    room = Room(opens=False)
    for voice in (1, 2):
        room.speaker.begin(voice, live=False)
        room.speaker.feed(voice, SECOND[:960])
        room.speaker.finish(voice)
    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        await asyncio.sleep(0.5)
        room.children[0].says(READY)

    assert room.children[0].sent[2:] == [
        *(Feed(1, SECOND[:960]), Finish(1)),
        *(Begin(2, live=False), Feed(2, SECOND[:960]), Finish(2)),
    ]


async def test_without_a_device_each_answer_is_told_once_and_a_live_voice_is_not() -> None:
    room = Room(opens=False)
    assert isinstance(await room.next(), SpeakerLost)
    for voice in (1, 2):
        room.speaker.begin(voice, live=False)
        room.speaker.feed(voice, SECOND)
        room.speaker.feed(voice, SECOND)
    room.speaker.begin(3, live=True)
    room.speaker.feed(3, SECOND)

    reason = "there is no speaker: the speaker did not open: nothing for 10 s"
    assert await unplayed(room) == [UnplayedVoice(1, reason), UnplayedVoice(2, reason)]


async def test_a_live_voice_is_not_kept_and_is_live_for_the_next_process_too() -> None:
    room = Room(opens=False)
    room.speaker.begin(3, live=True)
    room.speaker.feed(3, SECOND)
    await room.speaker.room()

    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        await asyncio.sleep(0.5)
        room.children[0].says(READY)

    assert now() == pytest.approx(0.5)
    assert room.children[0].sent[2:] == [Begin(3, live=True)]


async def test_an_answer_while_a_process_is_replaced_is_heard_by_the_next_one() -> None:
    room, child = await ready()
    child.says()
    assert isinstance(await room.next(), SpeakerLost)

    room.speaker.feed(4, SECOND[:960])
    assert await room.next() == READY

    assert Feed(4, SECOND[:960]) in room.children[1].sent


async def test_without_a_device_sound_is_dropped_and_nobody_waits_for_room() -> None:
    room = Room(opens=False)
    speaker = room.speaker
    assert isinstance(await room.next(), SpeakerLost)
    begun = now()

    speaker.feed(1, SECOND * 10)
    speaker.finish(1)
    speaker.stop()
    speaker.cue(Earcon.SENT)
    await speaker.room()

    assert now() == begun
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await room.next()
    assert len(room.children) > 1
    assert not any(isinstance(record, Feed) for child in room.children for record in child.sent)


@pytest.mark.parametrize("open_s", [1.0, 10.0, 60.0])
async def test_a_program_has_its_own_time_to_open_on_top_of_that_of_its_process(open_s: float) -> None:
    room = Room(opens=False, options=SpeakerOptions(command="play", open_s=open_s))

    lost = await room.next()

    assert lost == SpeakerLost(f"the speaker did not open: nothing for {10 + open_s:g} s")


async def test_one_that_never_opens_is_told_once_and_tried_for_ever() -> None:
    room = Room(opens=False)

    assert await room.next() == SpeakerLost("the speaker did not open: nothing for 10 s")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(100):
            await room.next()
    assert len(room.children) > 5


async def test_a_process_that_cannot_be_started_is_a_lost_speaker() -> None:
    room = Room()
    room.cannot_start = True

    assert await room.next() == SpeakerLost("no memory")


async def test_a_device_the_slim_configuration_does_not_know_is_tried_with_the_machines_own() -> None:
    room = Room(alsa_config="slim", opens=False)
    async with asyncio.TaskGroup() as group:
        lost = group.create_task(room.next())
        await asyncio.sleep(0)
        room.children[0].says(PlayFailed(True, "no such speaker"))

    assert lost.result() == SpeakerLost("no such speaker; trying the machine's own ALSA configuration")
    async with asyncio.TaskGroup() as group:
        found = group.create_task(room.next())
        await asyncio.sleep(0.01)
        room.children[1].says(READY)
    assert found.result() == SpeakerReady("USB speaker (by the machine's own ALSA configuration)", 20.0)
    assert "ALSA_CONFIG_PATH" in room.children[0].environment
    assert "ALSA_CONFIG_PATH" not in room.children[1].environment


async def test_whoever_feeds_waits_while_two_seconds_wait() -> None:
    room, _ = await ready()
    begun = now()

    room.speaker.feed(1, SECOND * 5)
    await room.speaker.room()

    assert now() - begun == pytest.approx(3.0, abs=0.1)


async def test_a_stop_ends_the_waiting() -> None:
    room, _ = await ready()
    room.speaker.feed(1, SECOND * 60)

    async with asyncio.TaskGroup() as group:
        group.create_task(room.speaker.room())
        await asyncio.sleep(0.5)
        room.speaker.stop()

    assert now() == pytest.approx(0.5)


async def test_beyond_two_minutes_the_rest_is_dropped_and_counted() -> None:
    room, child = await ready()

    room.speaker.feed(1, SECOND * 121)
    child.says(Heartbeat(True, 0, 0, 0, 120 * 96_000))

    assert await room.next() == Played(0, 0.0, 1_000.0)
    assert await unplayed(room) == [UnplayedVoice(1, "more than 120 s of sound waited for the speaker")]


async def test_a_record_it_never_says_is_our_bug() -> None:
    room, child = await ready()
    child.says(Stop())

    with pytest.raises(InternalError, match="Stop"):
        await room.next()


async def test_closed_it_ends_its_events_at_once() -> None:
    room, child = await ready()
    child.says(PlayFailed(False, "gone"))
    await room.next()

    await room.speaker.close()
    await room.speaker.close()

    assert [event async for event in room.events] == []
