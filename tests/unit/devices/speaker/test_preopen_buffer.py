from __future__ import annotations

from ravatard.core.audio.playout import LONGEST_SAMPLES
from ravatard.core.states import Earcon
from ravatard.devices.speaker.preopen_buffer import (
    EARCON_S,
    FULL,
    LATE,
    LIMIT_S,
    MISSING,
    PATIENT_S,
    PreopenBuffer,
)
from ravatard.devices.speaker.protocol import Feed, Finish, SoundEarcon

SOUND = Feed(1, bytes(960))


def test_what_waits_is_had_in_order_when_the_device_opens_in_time() -> None:
    waiting = PreopenBuffer()
    waiting.put(SOUND, 1.0)
    waiting.put(Finish(1), 1.5)

    assert waiting.left_s(1.5) == LIMIT_S - 0.5
    assert waiting.take(2.9) == [SOUND, Finish(1)]
    assert waiting.left_s(2.9) == 0.0
    assert waiting.take(2.9) == []


def test_what_would_be_heard_too_late_is_not_heard() -> None:
    waiting = PreopenBuffer()
    waiting.put(SOUND, 1.0)

    assert waiting.put(SOUND, 3.0) == 480
    assert waiting.left_s(3.0) == 0.0
    assert waiting.take(3.1) == []


def test_without_anything_that_waits_nobody_waits() -> None:
    assert PreopenBuffer().left_s(1.0) == 0.0
    assert PreopenBuffer().take(1.0) == []


def test_a_live_voice_waits_for_a_device_that_slept_and_not_for_long() -> None:
    waiting = PreopenBuffer()
    waiting.begin(1, live=True)
    waiting.be_patient(1.0)
    waiting.put(SOUND, 1.0)
    soon = waiting.take(1.1)
    waiting.be_patient(10.0)
    waiting.put(SOUND, 10.0)

    assert soon == [SOUND]
    assert waiting.put(SOUND, 10.0 + LIMIT_S) == 480
    assert waiting.take(10.1 + LIMIT_S) == []


def test_a_live_voice_does_not_wait_for_a_device_that_was_not_there() -> None:
    waiting = PreopenBuffer()
    waiting.begin(1, live=True)
    waiting.put(SOUND, 1.0)
    waiting.begin(2, live=False)
    waiting.put(Feed(2, b"12"), 1.0)

    assert waiting.take(1.5) == [Feed(2, b"12")]


def test_for_a_device_that_is_not_there_nothing_waits_until_it_was() -> None:
    waiting = PreopenBuffer()
    waiting.put(SOUND, 1.0)

    waiting.give_up(1.0)
    assert waiting.put(SOUND, 1.1) == 0
    assert waiting.take(1.2) == []
    waiting.put(SOUND, 1.3)

    assert waiting.take(1.4) == [SOUND]


def test_no_more_waits_than_the_speaker_itself_would_take() -> None:
    waiting = PreopenBuffer()
    waiting.put(Feed(1, bytes(LONGEST_SAMPLES * 2)), 1.0)

    assert waiting.put(SOUND, 1.0) == 480
    assert len(waiting.take(1.1)) == 1


def test_a_device_that_slept_is_waited_for_longer_however_often_it_cannot_be_opened() -> None:
    waiting = PreopenBuffer()
    waiting.be_patient(1.0)
    waiting.put(SOUND, 2.0)
    waiting.give_up(4.0)

    assert waiting.left_s(4.0) == PATIENT_S - 3.0
    assert waiting.take(8.9) == [SOUND]


def test_the_patience_for_a_device_that_slept_has_an_end() -> None:
    waiting = PreopenBuffer()
    waiting.be_patient(1.0)
    waiting.put(SOUND, 2.0)
    waiting.give_up(9.1)

    assert waiting.take(9.2) == []


def test_of_the_earcons_for_a_device_that_wakes_the_newest_is_heard_unless_it_is_too_late() -> None:
    waiting = PreopenBuffer()
    waiting.cue(Earcon.ERROR, 0.5)
    waiting.be_patient(1.0)
    waiting.cue(Earcon.LISTENING, 1.0)
    waiting.cue(Earcon.SENT, 1.5)
    waiting.put(SOUND, 1.5)

    assert waiting.take(1.5 + EARCON_S) == [SoundEarcon(Earcon.SENT), SOUND]
    waiting.be_patient(3.0)
    waiting.cue(Earcon.SENT, 3.0)
    assert waiting.take(3.1 + EARCON_S) == []


def test_a_device_that_opens_and_plays_nothing_gives_the_sound_no_more_time() -> None:
    waiting = PreopenBuffer()
    waiting.be_patient(1.0)
    waiting.put(SOUND, 1.0)
    for at in (3.0, 6.0, 8.9):
        assert waiting.take(at) == [SOUND]
        waiting.put(SOUND, at)

    assert waiting.take(9.0) == []
    assert waiting.take_lost() == {1: LATE}


def test_a_device_that_has_played_was_there_and_what_it_leaves_waits_anew() -> None:
    waiting = PreopenBuffer()
    waiting.put(SOUND, 1.0)
    waiting.take(1.5)
    waiting.played()
    waiting.put(SOUND, 100.0)

    assert waiting.left_s(100.0) == LIMIT_S
    assert waiting.take(101.0) == [SOUND]
    assert waiting.take_lost() == {}


def test_what_is_lost_is_told_with_its_reason_once_and_not_of_a_live_voice() -> None:
    waiting = PreopenBuffer()
    waiting.put(SOUND, 1.0)
    waiting.expire(0.9 + LIMIT_S)
    before = waiting.take_lost()
    waiting.expire(1.0 + LIMIT_S)
    late = waiting.take_lost()
    waiting.clear()
    waiting.put(Feed(2, bytes(LONGEST_SAMPLES * 2)), 10.0)
    waiting.put(Feed(2, b"12"), 10.0)
    full = waiting.take_lost()
    waiting.give_up(10.1)
    waiting.put(Feed(3, b"12"), 10.2)
    waiting.begin(4, live=True)
    waiting.put(Feed(4, b"12"), 10.3)

    assert (before, late, full) == ({}, {1: LATE}, {2: FULL})
    assert waiting.take_lost() == {2: MISSING, 3: MISSING}
    assert waiting.take_lost() == {}
