"""A speaker that sleeps and wakes: the daemon's side, and both sides together in virtual time."""

from __future__ import annotations

import asyncio
import os
from array import array
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core.events import (
    PlaybackEnded,
    PlaybackStarted,
    SpeakerAsleep,
    SpeakerAwake,
    SpeakerEvent,
    SpeakerLost,
    SpeakerReady,
)
from ravatard.core.states import Earcon
from ravatard.devices.process.environment import ProcessEnvironment
from ravatard.devices.process.pipes import PipeWriter
from ravatard.devices.process.records import RecordDecoder
from ravatard.devices.process.retry import RetryPolicy
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.player import SoundPlayer
from ravatard.devices.speaker.protocol import (
    PROTOCOL,
    Begin,
    FallAsleep,
    Feed,
    FellAsleep,
    Finish,
    Heartbeat,
    Play,
    PlayFailed,
    PlayRecord,
    SoundEarcon,
    WakeUp,
)
from ravatard.devices.speaker.speaker import ChildSpeaker
from ravatard.ports.speaker import UnplayedVoice
from tests.unit.devices.children import FakeChild
from tests.virtual_time import run

BLOCK = 480
READY = SpeakerReady("USB speaker", 20.0)
IDLE_S = 5.0
BEAT = Heartbeat(False, 0, 0, 0, 0)


def now() -> float:
    return asyncio.get_running_loop().time()


def tone(samples: int, level: int = 4_000) -> bytes:
    return array("h", [level] * samples).tobytes()


class BeatingChild(FakeChild[PlayRecord]):
    """A sound process that opens in some time and then beats; asleep it is silent."""

    opens_s, closes_s = 0.03, 0.02
    #: It does nothing that it is told.
    hangs = False
    #: Happens when it is told to fall asleep.
    on_rest: Callable[[], None] | None = None

    def __init__(self, environment: Mapping[str, str], first: PlayRecord) -> None:
        super().__init__(environment, first)
        self._beat: asyncio.TimerHandle | None = None
        self._open()

    def _open(self) -> None:
        self._beat = asyncio.get_running_loop().call_later(self.opens_s, self._opened)

    def _opened(self) -> None:
        self.says(READY)
        self._beats()

    def _beats(self) -> None:
        self.says(BEAT)
        self._beat = asyncio.get_running_loop().call_later(0.5, self._beats)

    def send(self, record: PlayRecord) -> None:
        super().send(record)
        if isinstance(record, FallAsleep) and self.on_rest is not None:
            asyncio.get_running_loop().call_soon(self.on_rest)
        if self.hangs:
            return
        if isinstance(record, FallAsleep):
            self._rest()
            asyncio.get_running_loop().call_later(self.closes_s, self.says, FellAsleep())
        elif isinstance(record, WakeUp):
            self._rest()
            self._beat = asyncio.get_running_loop().call_later(self.closes_s + self.opens_s, self._opened)

    def _rest(self) -> None:
        if self._beat is not None:
            self._beat.cancel()

    def kill(self) -> None:
        self._rest()
        super().kill()

    def discard_unsent(self) -> int:
        return 0


class Room:
    """A speaker that sleeps after five seconds, its processes, and its events with their times."""

    def __init__(self, idle_s: float = IDLE_S, *, keeps_process: bool = True) -> None:
        self.children: list[BeatingChild] = []
        self.events: list[tuple[float, SpeakerEvent]] = []
        self.busy = self.opens_in_vain = False
        self.unplayed: list[tuple[float, UnplayedVoice]] = []
        self.speaker = ChildSpeaker(
            SpeakerOptions(alsa_config="system", idle_s=idle_s),
            environ={},
            keeps_process=keeps_process,
            environment=ProcessEnvironment(RetryPolicy(), self.spawn, lambda: "cards"),
        )

    @property
    def child(self) -> BeatingChild:
        return self.children[-1]

    def spawn(self, environment: Mapping[str, str], first: Play) -> BeatingChild:
        child = BeatingChild(environment, first)
        if self.busy:
            child._rest()
            child.says(PlayFailed(True, "another program has it"))
        if self.opens_in_vain:
            child._rest()
            child.says(READY)
            asyncio.get_running_loop().call_later(0.3, child.says, PlayFailed(False, "it ended by itself"))
        self.children.append(child)
        return child

    async def listen(self) -> None:
        async for event in self.speaker.events():
            self.events.append((now(), event))

    async def miss(self) -> None:
        while True:
            unplayed = await self.speaker.unplayed()
            self.unplayed.append((now(), unplayed))

    def told(self) -> list[SpeakerEvent]:
        told = [event for _, event in self.events]
        self.events.clear()
        return told

    def sent(self, *kinds: type[PlayRecord]) -> list[PlayRecord]:
        return [record for record in self.child.sent if isinstance(record, kinds)]


@asynccontextmanager
async def asleep(idle_s: float = IDLE_S, *, keeps_process: bool = True) -> AsyncIterator[Room]:
    """A speaker that has slept for a while."""
    room = Room(idle_s, keeps_process=keeps_process)
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(room.listen())
        missing = group.create_task(room.miss())
        await asyncio.sleep(IDLE_S + 60)
        yield room
        await room.speaker.close()
        listening.cancel()
        missing.cancel()


async def test_after_its_silence_it_sleeps_and_no_sign_of_life_is_missed() -> None:
    async with asleep() as room:
        at = [when for when, event in room.events if isinstance(event, SpeakerAsleep)]

        assert room.told() == [READY, SpeakerAsleep()]
        assert at == [pytest.approx(IDLE_S, abs=0.6)]
        assert len(room.children) == 1


async def test_one_that_is_to_stay_open_does() -> None:
    async with asleep(0) as room:
        assert room.told() == [READY]


async def test_a_speaker_that_is_open_and_silent_wakes_no_task() -> None:
    async with asleep(0) as room:
        before, heard_at = room.child.received, room.child.heard_at
        await asyncio.sleep(60)

        assert room.child.received == before
        assert room.child.heard_at >= heard_at + 59


async def test_a_user_who_begins_to_interact_wakes_it_and_keeps_it_awake() -> None:
    async with asleep() as room:
        room.told()
        room.speaker.keep_awake(True)
        await asyncio.sleep(100)
        during = room.told()
        room.speaker.keep_awake(False)
        await asyncio.sleep(IDLE_S - 0.6)
        before = room.told()
        await asyncio.sleep(1.2)

        assert during == [SpeakerAwake()]
        assert before == []
        assert room.told() == [SpeakerAsleep()]


async def test_an_answer_that_comes_unannounced_is_played_whole() -> None:
    async with asleep() as room:
        room.speaker.begin(1, live=False)
        room.speaker.feed(1, tone(48_000))
        room.speaker.finish(1)
        at_once = room.sent(Feed)
        await asyncio.sleep(0.1)

        assert at_once == []
        assert b"".join(one.pcm for one in room.sent(Feed) if isinstance(one, Feed)) == tone(48_000)
        assert room.sent(Finish) == [Finish(1)]


async def test_an_earcon_wakes_it_and_is_sounded() -> None:
    async with asleep() as room:
        room.speaker.cue(Earcon.MUTED)
        await asyncio.sleep(0.1)

        assert room.sent(SoundEarcon) == [SoundEarcon(Earcon.MUTED)]


async def test_a_live_voice_that_says_nothing_lets_it_sleep_and_wakes_it_when_it_speaks() -> None:
    async with asleep() as room:
        room.told()
        room.speaker.begin(7, live=True)
        await asyncio.sleep(600)
        silent = room.told()
        pieces = [tone(1_920, 1_000 + number) for number in range(4)]
        for piece in pieces:
            room.speaker.feed(7, piece)
            await asyncio.sleep(0.04)

        assert silent == [SpeakerAwake(), SpeakerAsleep()]
        assert room.told() == [SpeakerAwake()]
        assert room.sent(Feed) == [Feed(7, piece) for piece in pieces]


async def test_a_live_voice_is_whole_also_when_its_process_is_started_again() -> None:
    async with asleep(keeps_process=False) as room:
        room.speaker.begin(7, live=True)
        await asyncio.sleep(IDLE_S + 5)
        room.told()
        pieces = [tone(1_920, 1_000 + number) for number in range(4)]
        for piece in pieces:
            room.speaker.feed(7, piece)
            await asyncio.sleep(0.02)

        assert len(room.children) == 3
        assert room.told() == [SpeakerAwake()]
        assert room.sent(Begin, Feed) == [Begin(7, True), *(Feed(7, piece) for piece in pieces)]


async def test_silence_at_a_sleeping_speaker_and_a_new_volume_wake_nobody() -> None:
    async with asleep() as room:
        room.told()
        room.speaker.stop()
        room.speaker.finish(1)
        room.speaker.set_volume(20)
        await asyncio.sleep(10)

        assert room.told() == []


async def test_woken_while_it_falls_asleep_it_is_told_nothing_of_it_and_loses_nothing() -> None:
    async with asleep() as room:
        room.speaker.keep_awake(True)
        room.speaker.keep_awake(False)
        await asyncio.sleep(1)
        room.told()
        room.child.on_rest = lambda: room.speaker.feed(1, tone(480))
        await asyncio.sleep(IDLE_S)

        assert room.told() == []
        assert room.sent(FallAsleep, WakeUp)[-2:] == [FallAsleep(), WakeUp()]
        assert room.sent(Feed) == [Feed(1, tone(480))]


async def test_a_device_that_is_busy_at_waking_is_told_and_the_answer_waits_for_it() -> None:
    async with asleep() as room:
        room.told()
        room.busy = room.child.hangs = True
        room.speaker.feed(1, tone(480))
        room.speaker.finish(1)
        room.child.says(PlayFailed(False, "another program has it"))
        await asyncio.sleep(4)
        told = room.told()
        room.busy = False
        await asyncio.sleep(1.5)

        assert told == [SpeakerLost("another program has it")]
        assert room.told() == [READY]
        assert room.sent(Feed, Finish) == [Feed(1, tone(480)), Finish(1)]


async def test_an_answer_does_not_wait_for_ever_for_a_device_that_is_gone() -> None:
    async with asleep() as room:
        room.busy = room.child.hangs = True
        room.speaker.feed(1, tone(480))
        room.child.says(PlayFailed(False, "speaker 'Box' not found"))
        begun = now()
        await room.speaker.room()
        waited_s = now() - begun
        room.busy = False
        await asyncio.sleep(2)

        assert SpeakerLost("speaker 'Box' not found") in room.told()
        assert waited_s == pytest.approx(8, abs=0.1)
        assert room.sent(Feed) == []


async def feed(speaker: ChildSpeaker, voice: int, pieces: list[bytes]) -> None:
    """Give an answer as the playback stage does: a piece when there is room."""
    speaker.begin(voice, live=False)
    for piece in pieces:
        speaker.feed(voice, piece)
        await speaker.room()
    speaker.finish(voice)


@pytest.mark.parametrize("in_vain_s", [0.2, 1.0, 2.5, 4.0, 6.5])
@pytest.mark.parametrize("keeps_process", [True, False])
async def test_what_a_process_took_that_opened_and_failed_is_played_by_the_next_whole_and_once(
    in_vain_s: float, keeps_process: bool
) -> None:
    async with asleep(keeps_process=keeps_process) as room:
        room.opens_in_vain = True
        room.child.hangs = True
        pieces = [tone(4_800, 1_000 + number) for number in range(17)]
        feeding = asyncio.create_task(feed(room.speaker, 7, pieces))
        room.child.says(PlayFailed(False, "it ended by itself"))
        await asyncio.sleep(in_vain_s)
        room.opens_in_vain = False
        await asyncio.sleep(2)

        assert len(room.children) > 2
        assert feeding.done()
        assert room.sent(Begin, Feed, Finish) == [
            Begin(7, live=False),
            *(Feed(7, piece) for piece in pieces),
            Finish(7),
        ]
        assert room.unplayed == []


async def test_an_answer_whose_device_opens_in_vain_for_too_long_is_told_once_and_not_played_late() -> None:
    async with asleep(keeps_process=False) as room:
        room.opens_in_vain = True
        begun = now()
        await feed(room.speaker, 7, [tone(4_800) for _ in range(17)])
        await asyncio.sleep(12)
        room.opens_in_vain = False
        await asyncio.sleep(2)

        (told,) = room.unplayed
        assert 8 <= told[0] - begun < 9.5
        assert told[1] == UnplayedVoice(7, "the speaker did not open in time: it ended by itself")
        assert room.sent(Feed) == []


async def test_an_answer_whose_process_hangs_is_told_when_its_time_is_over() -> None:
    async with asleep() as room:
        room.child.hangs = True
        room.speaker._supervisor._policy = RetryPolicy(wake_s=22)
        begun = now()
        await feed(room.speaker, 7, [tone(480)])
        await asyncio.sleep(1)

        (told,) = room.unplayed
        assert told[0] == pytest.approx(begun + 8, abs=0.1)
        assert told[1] == UnplayedVoice(7, "the speaker did not open in time")


async def test_a_process_that_does_not_wake_is_replaced_and_the_answer_played() -> None:
    async with asleep() as room:
        room.told()
        room.child.hangs = True
        room.speaker.feed(1, tone(480))
        await asyncio.sleep(4.5)

        assert room.told() == [
            SpeakerLost("the speaker did not open again after its sleep: nothing for 4 s"),
            READY,
        ]
        assert room.sent(Feed) == [Feed(1, tone(480))]


async def test_a_process_that_does_not_fall_asleep_is_replaced() -> None:
    async with asleep() as room:
        room.speaker.keep_awake(True)
        room.speaker.keep_awake(False)
        await asyncio.sleep(1)
        room.told()
        room.child.hangs = True
        room.child.on_rest = room.child._rest
        await asyncio.sleep(IDLE_S + 1.2)

        assert room.told() == [SpeakerLost("the speaker stands still: nothing for 1 s"), READY]


async def test_a_process_that_dies_in_its_sleep_is_replaced() -> None:
    async with asleep() as room:
        room.told()
        room.child.ends()
        await asyncio.sleep(1)

        assert room.told() == [SpeakerLost("the speaker's sound process ended by itself"), READY]


# ------------------------------------------------------------------ without its process


async def test_its_process_ends_with_its_sleep_where_nothing_must_be_heard_at_once() -> None:
    async with asleep(keeps_process=False) as room:
        assert [type(event) for event in room.told()] == [SpeakerReady, SpeakerAsleep]
        assert room.child.kills

        await asyncio.sleep(3_600)

        assert len(room.children) == 1
        assert room.told() == []


async def test_a_user_who_begins_to_interact_has_a_new_process_started_once() -> None:
    async with asleep(keeps_process=False) as room:
        room.told()
        begun = now()
        room.speaker.keep_awake(True)
        room.speaker.keep_awake(True)
        await asyncio.sleep(60)

        assert [(round(at - begun, 3), event) for at, event in room.events] == [(0.03, SpeakerAwake())]
        assert len(room.children) == 2
        room.speaker.keep_awake(False)
        await asyncio.sleep(IDLE_S + 1)
        assert room.child.kills


async def test_an_answer_and_an_earcon_for_an_ended_process_are_played_whole_by_the_next() -> None:
    async with asleep(keeps_process=False) as room:
        room.speaker.set_volume(30)
        room.speaker.cue(Earcon.ERROR)
        room.speaker.begin(7, live=False)
        room.speaker.feed(7, tone(BLOCK))
        room.speaker.finish(7)
        await asyncio.sleep(1)

        assert room.sent(SoundEarcon, Feed, Finish) == [
            SoundEarcon(Earcon.ERROR),
            Feed(7, tone(BLOCK)),
            Finish(7),
        ]
        assert isinstance(room.child.sent[0], Play)
        assert room.child.sent[0].volume == 30


async def test_woken_while_it_falls_asleep_it_keeps_its_process() -> None:
    async with asleep(keeps_process=False) as room:
        room.speaker.keep_awake(True)
        room.speaker.keep_awake(False)
        await asyncio.sleep(1)
        room.told()
        awake = room.child
        awake.on_rest = lambda: room.speaker.keep_awake(True)
        await asyncio.sleep(IDLE_S + 5)

        assert room.child is awake
        assert room.sent(WakeUp) == [WakeUp()]
        assert room.told() == []


async def test_a_device_that_is_gone_when_a_new_process_wants_it_is_a_lost_speaker() -> None:
    async with asleep(keeps_process=False) as room:
        room.told()
        room.busy = True
        room.speaker.keep_awake(True)
        await asyncio.sleep(1)

        assert room.told() == [SpeakerLost("another program has it")]
        room.busy = False
        await asyncio.sleep(60)
        assert room.told()[0] == READY


async def test_closed_in_its_sleep_it_ends_its_events_at_once() -> None:
    room = Room(keeps_process=False)
    async with asyncio.timeout(IDLE_S + 60), asyncio.TaskGroup() as group:
        group.create_task(room.listen())
        await asyncio.sleep(IDLE_S + 10)
        await room.speaker.close()
    assert len(room.children) == 1


# ------------------------------------------------------------------ both sides


class PlayingChild(FakeChild[PlayRecord]):
    """A sound process with a real player, whose card takes blocks of 10 ms in virtual time.

    Attributes:
        blocks: what the card took, with the times.
        openings: how often it was opened.
    """

    def __init__(self, environment: Mapping[str, str], first: PlayRecord, opens_s: list[float]) -> None:
        super().__init__(environment, first)
        self._theirs, self._ours = os.pipe()
        os.set_blocking(self._theirs, False)
        self._decoder = RecordDecoder(PROTOCOL)
        self.player = SoundPlayer(100, PipeWriter(self._ours), clock=now)
        self.blocks: list[tuple[float, bytes]] = []
        self.openings = 0
        self._opens_s = opens_s
        self._woken = asyncio.Event()

    async def play(self) -> None:
        """Be the output's thread."""
        while True:
            await asyncio.sleep(self._opens_s[self.openings % len(self._opens_s)])
            self.openings += 1
            self.player.opened("card", 0.02)
            while not self.player.rests:
                rests = self.player.skip_silence(BLOCK)
                pcm = None if rests else self.player.pull(BLOCK, 0.02)
                if pcm is not None:
                    self.blocks.append((now(), pcm))
                self._report()
                await asyncio.sleep(0.01)
            self.player.closed()
            self._report()
            await self._woken.wait()
            self._woken.clear()

    def _report(self) -> None:
        try:
            records = self._decoder.feed(os.read(self._theirs, 1 << 16))
        except BlockingIOError:
            return
        self.says(*records)

    def send(self, record: PlayRecord) -> None:
        super().send(record)
        self.player.handle([record])
        if isinstance(record, WakeUp):
            self._woken.set()

    def discard_unsent(self) -> int:
        return 0

    def close(self) -> None:
        os.close(self._theirs)
        os.close(self._ours)


@dataclass(frozen=True)
class Doing:
    """One thing that happens after a pause: an answer, an earcon, or a user who comes and goes."""

    pause_s: float
    kind: str
    blocks: int


DOINGS = st.lists(
    st.builds(
        Doing,
        st.one_of(st.floats(0, 0.1), st.floats(0.9, 1.7), st.floats(2, 30)),
        st.sampled_from(["answer", "pieces", "earcon", "user", "live"]),
        st.integers(1, 60),
    ),
    min_size=1,
    max_size=6,
)
EARCON = tone(480, 123)


async def live_through(doings: list[Doing], opens_s: list[float]) -> int:
    """Let it sleep and wake, compare what was played with what was given; return how often it was opened."""
    children: list[PlayingChild] = []

    def spawn(environment: Mapping[str, str], first: Play) -> PlayingChild:
        children.append(PlayingChild(environment, first, opens_s))
        return children[-1]

    speaker = ChildSpeaker(
        SpeakerOptions(alsa_config="system", idle_s=1),
        environ={},
        earcons={Earcon.SENT: EARCON},
        environment=ProcessEnvironment(RetryPolicy(), spawn, lambda: "cards"),
    )
    events: list[SpeakerEvent] = []

    async def listen() -> None:
        async for event in speaker.events():
            events.append(event)

    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listen())
        await asyncio.sleep(0)
        (child,) = children
        playing = group.create_task(child.play())
        await asyncio.sleep(1)
        given = [await do(speaker, number, doing) for number, doing in enumerate(doings)]
        await asyncio.sleep(5)
        await speaker.close()
        listening.cancel()
        playing.cancel()
    child.close()

    heard = b"".join(pcm for _, pcm in child.blocks)
    assert heard == b"".join(given)
    assert len(children) == 1
    assert not [event for event in events if isinstance(event, SpeakerLost)]
    beats = [event for event in events if isinstance(event, PlaybackStarted | PlaybackEnded)]
    assert [type(event) for event in beats[:2]] in ([], [PlaybackStarted, PlaybackEnded])
    assert child.player._playout.underruns == 0
    return child.openings


async def do(speaker: ChildSpeaker, number: int, doing: Doing) -> bytes:
    """Do one thing, and wait until it has been heard; return the sound that it makes."""
    await asyncio.sleep(doing.pause_s)
    sound = b"".join(tone(BLOCK, 1_000 + number * 100 + block) for block in range(doing.blocks))
    match doing.kind:
        case "answer":
            speaker.begin(number, live=False)
            speaker.feed(number, sound)
            speaker.finish(number)
        case "pieces":
            speaker.begin(number, live=False)
            for at in range(0, len(sound), 960):
                speaker.feed(number, sound[at : at + 960])
                await asyncio.sleep(0.001)
            speaker.finish(number)
        case "earcon":
            speaker.cue(Earcon.SENT)
            sound = EARCON
        case "user":
            speaker.keep_awake(True)
            await asyncio.sleep(doing.blocks / 10)
            speaker.keep_awake(False)
            return b""
        case _:
            speaker.begin(number, live=True)
            await asyncio.sleep(1)
            for at in range(0, len(sound), 960):
                speaker.feed(number, sound[at : at + 960])
                await asyncio.sleep(0.01)
            speaker.finish(number)
    await asyncio.sleep(doing.blocks / 100 + 0.9)
    return sound


@given(DOINGS, st.lists(st.floats(0.001, 0.5), min_size=1, max_size=4))
def test_however_it_sleeps_and_wakes_all_is_heard_once_and_whole(
    doings: list[Doing], opens_s: list[float]
) -> None:
    assert run(live_through(doings, opens_s)) > 0


def test_in_an_hour_of_sleeping_and_waking_nothing_is_missed() -> None:
    kinds = ["answer", "pieces", "earcon", "user", "live"]
    doings = [
        Doing((number * 37 % 90) + number % 10 / 10, kinds[number % 5], 1 + number % 60)
        for number in range(80)
    ]
    assert sum(doing.pause_s for doing in doings) > 3_300

    assert run(live_through(doings, [0.001, 0.02, 0.15, 0.4])) > 50
