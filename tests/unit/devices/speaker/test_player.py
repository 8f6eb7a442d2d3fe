from __future__ import annotations

import os
from array import array
from collections.abc import Iterator

import pytest

from ravatard.core.events import PlaybackEnded, PlaybackStarted, SpeakerReady
from ravatard.core.states import Earcon
from ravatard.devices.echo.ring import EchoRing, EchoWriter, make_ring
from ravatard.devices.process.pipes import PipeWriter
from ravatard.devices.process.records import RecordDecoder
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.player import HEARTBEAT_SAMPLES, SoundPlayer
from ravatard.devices.speaker.protocol import (
    PROTOCOL,
    FallAsleep,
    Feed,
    FellAsleep,
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
    WakeUp,
)
from ravatard.errors import InternalError

BLOCK = 480
LATENCY_S = 0.02
BLOCKS_A_BEAT = HEARTBEAT_SAMPLES // BLOCK


def tone(samples: int, level: int = 4_000) -> bytes:
    return array("h", [level] * samples).tobytes()


class Room:
    """A player, its daemon's ear, its converter and its clock."""

    def __init__(self) -> None:
        self._theirs, ours = os.pipe()
        os.set_blocking(self._theirs, False)
        self.ring_fd = make_ring()
        self.ends = [self._theirs, ours, self.ring_fd]
        self.now = 1.0
        self.player = SoundPlayer(
            100, PipeWriter(ours), ring=EchoWriter(self.ring_fd), clock=lambda: self.now
        )
        self._decoder = RecordDecoder(PROTOCOL)

    def plays(self, blocks: int = 1) -> list[bytes | None]:
        played = []
        for _ in range(blocks):
            rests = self.player.skip_silence(BLOCK)
            played.append(None if rests else self.player.pull(BLOCK, LATENCY_S))
            self.now += 0.01
        return played

    def told(self) -> list[PlayRecord]:
        try:
            return self._decoder.feed(os.read(self._theirs, 1 << 16))
        except BlockingIOError:
            return []


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    room.player.opened("USB speaker", LATENCY_S)
    yield room
    for fd in room.ends:
        os.close(fd)


def test_the_speaker_is_ready_with_the_first_block_it_takes(room: Room) -> None:
    before = room.told()

    room.plays()

    assert before == []
    assert room.told() == [SpeakerReady("USB speaker", 20.0)]


def test_an_answer_is_played_and_told_by_when_it_leaves_the_converter(room: Room) -> None:
    room.plays(5)
    room.told()

    room.player.handle([Feed(1, tone(960)), Finish(1)])
    played = room.plays(6)

    assert played[:3] == [tone(480), tone(480), None]
    started, ended = room.told()
    assert isinstance(started, PlaybackStarted)
    assert isinstance(ended, PlaybackEnded)
    assert started.at == pytest.approx(1.07)
    assert ended.at == pytest.approx(1.09)


def test_idle_it_rests_and_still_gives_signs_of_life(room: Room) -> None:
    room.plays(2)

    rested = [room.player.skip_silence(BLOCK) for _ in range(3)]
    room.plays(200)

    assert rested == [True] * 3
    beats = [record for record in room.told() if isinstance(record, Heartbeat)]
    assert 3 <= len(beats) <= 4
    assert not any(beat.active for beat in beats)


def test_a_command_is_heard_in_the_next_block_however_long_it_rested(room: Room) -> None:
    room.plays(7)

    room.player.handle([Feed(1, tone(480)), Finish(1)])

    assert room.plays() == [tone(480)]


def test_a_stop_is_silence_from_the_next_block_but_for_a_fade(room: Room) -> None:
    room.player.handle([Feed(1, tone(48_000))])
    room.plays(5)

    room.player.handle([Stop()])
    fade, *rest = room.plays(5)

    assert fade is not None
    assert array("h", fade)[240:].tolist() == [0] * 240
    assert rest == [None] * 4
    assert isinstance(room.told()[-1], PlaybackEnded)


def test_a_pause_is_silence_until_it_goes_on(room: Room) -> None:
    room.player.handle([Feed(1, tone(48_000)), Finish(1)])
    room.plays(5)

    room.player.handle([Pause(paused=True)])
    room.plays(1)
    silent = room.plays(4)
    ended = room.told()
    room.player.handle([Pause(paused=False)])
    after = room.plays(3)

    assert silent == [None] * 4
    assert isinstance(ended[-1], PlaybackEnded)
    assert after[1:] == [tone(480)] * 2


def test_an_earcon_is_heard_and_is_no_answer(room: Room) -> None:
    room.plays()
    room.told()

    room.player.handle(
        [SetEarcon(Earcon.SENT, tone(480)), SoundEarcon(Earcon.SENT), SoundEarcon(Earcon.ERROR)]
    )

    assert room.plays(2) == [tone(480), None]
    assert room.told() == []


def test_the_volume_is_a_factor_unless_the_card_has_a_control(room: Room) -> None:
    set_to: list[int] = []
    room.player.handle([Volume(50)])
    room.plays()
    room.player.handle([Feed(1, tone(480)), Finish(1)])
    quiet = room.plays()

    room.player.opened("card", 0.0, set_to.append)
    room.player.handle([Volume(30)])
    room.plays()
    room.player.handle([Feed(2, tone(480)), Finish(2)])

    assert quiet == [tone(480, 500)]
    assert room.plays() == [tone(480)]
    assert set_to == [50, 30]


def test_what_was_played_stands_in_the_ring_at_its_time(room: Room) -> None:
    room.plays(15)
    room.player.handle([Feed(1, tone(480)), Finish(1)])
    room.plays(3)

    ring = EchoRing(room.ring_fd)
    state = ring.state()

    assert state is not None
    first = round(state.frame_at(1.15 + LATENCY_S))
    assert ring.read(first - 10, 500) == bytes(20) + tone(480) + bytes(20)


def test_the_beat_counts_what_came_and_what_was_lost(room: Room) -> None:
    room.player.handle([Feed(1, tone(2_880))])
    room.plays(60)

    beat = next(record for record in room.told() if isinstance(record, Heartbeat))

    assert (beat.received, beat.underruns, beat.buffered, beat.dropped) == (5_760, 1, 0, 0)


def test_a_failure_says_whether_it_ever_played(room: Room) -> None:
    room.player.fail("no such device")
    room.plays()
    room.player.fail("it is gone")

    failed = [record for record in room.told() if isinstance(record, PlayFailed)]
    assert failed == [PlayFailed(True, "no such device"), PlayFailed(False, "it is gone")]


def test_what_is_no_command_is_our_bug(room: Room) -> None:
    with pytest.raises(InternalError, match="Play, which is no command"):
        room.player.handle([Play(SpeakerOptions(), 100)])


# ------------------------------------------------------------------ sleep


def sleeps(room: Room) -> None:
    """Fall asleep and wake again, as the output's thread does it."""
    room.player.handle([FallAsleep()])
    room.player.wait_for_rest()
    room.player.closed()
    room.player.handle([WakeUp()])
    room.player.wait_for_waking()


def test_asleep_it_says_so_and_woken_that_it_is_ready_again(room: Room) -> None:
    room.plays(2)
    room.told()

    sleeps(room)
    asleep = room.told()
    room.player.opened("USB speaker", 0.03)
    room.plays()

    assert asleep == [FellAsleep()]
    assert room.told() == [SpeakerReady("USB speaker", 30.0)]


def test_the_first_heartbeat_after_waking_comes_when_the_device_took_sound_for_as_long(room: Room) -> None:
    room.plays(BLOCKS_A_BEAT - 1)
    sleeps(room)
    room.player.opened("USB speaker", LATENCY_S)
    room.told()
    room.plays(BLOCKS_A_BEAT - 1)
    before = room.told()
    # Of silence a tenth of a second is played at a time.
    room.plays(BLOCKS_A_BEAT // 5 + 1)

    assert [type(record) for record in before] == [SpeakerReady]
    assert [type(record) for record in room.told()] == [Heartbeat]


def test_the_first_sound_after_waking_is_whole_behind_a_little_silence(room: Room) -> None:
    room.plays(2)
    room.player.handle([SetEarcon(Earcon.SENT, tone(480, 100))])
    sleeps(room)
    room.player.opened("USB speaker", LATENCY_S)
    room.player.handle([Feed(1, tone(960)), Finish(1), SoundEarcon(Earcon.SENT)])

    played = room.plays(5)

    assert played == [None, None, tone(480, 4_100), tone(480), None]
    started = [record for record in room.told() if isinstance(record, PlaybackStarted)]
    assert [one.at for one in started] == [pytest.approx(1.06)]


def test_woken_before_it_was_closed_it_is_as_ready_as_it_was(room: Room) -> None:
    room.plays(2)
    room.told()
    room.player.handle([FallAsleep(), WakeUp()])
    room.player.handle([Feed(1, tone(480)), Finish(1)])

    played = room.plays()

    assert not room.player.rests
    assert played == [tone(480)]
    assert SpeakerReady("USB speaker", 20.0) in room.told()


def test_a_device_that_cannot_be_opened_again_was_open_before(room: Room) -> None:
    room.plays()
    room.told()
    sleeps(room)

    room.player.fail("the card is gone")

    assert room.told() == [FellAsleep(), PlayFailed(False, "the card is gone")]


@pytest.mark.parametrize("slept_s", [0.5, 60.0, 90_000.0])
def test_the_echo_reference_goes_on_where_the_clock_is(room: Room, slept_s: float) -> None:
    ring = EchoRing(room.ring_fd)
    room.player.handle([Feed(1, tone(4_800, 1_000)), Finish(1)])
    room.plays(300)
    before = ring.state()
    assert before is not None
    sleeps(room)
    room.now += slept_s
    expected = before.frame_at(room.now + LATENCY_S + 0.02)
    room.player.opened("USB speaker", LATENCY_S)
    room.player.handle([Feed(2, tone(480)), Finish(2)])

    room.plays(5)

    state = ring.state()
    assert state is not None
    first = round(state.frame_at(room.now - 0.05 + LATENCY_S + 0.02))
    # A clock that was observed for three seconds is known to some parts in a million.
    assert first == pytest.approx(expected, abs=2 + slept_s * 48_000 * 5e-6)
    assert ring.read(first - 480, 960) == bytes(960) + tone(480)
