from __future__ import annotations

from ravatard.devices.speaker.buffer_level import BufferLevel, HandedSound
from ravatard.devices.speaker.protocol import Feed, Finish, Heartbeat

PIECE = bytes(1_000)


def test_what_was_fed_is_played_as_time_goes_by() -> None:
    level = BufferLevel()

    level.fed(96_000, 10.0)

    assert level.samples(10.25) == 36_000
    assert level.samples(99.0) == 0


def test_the_process_knows_better_but_not_of_what_is_on_its_way() -> None:
    level = BufferLevel()
    level.fed(96_000, 10.0)

    level.update(Heartbeat(True, 0, 1_000, 0, 90_000), 10.5)

    assert level.samples(10.5) == 4_000


def test_a_beat_from_before_a_stop_is_not_believed() -> None:
    level = BufferLevel()
    level.fed(96_000, 10.0)
    level.stopped(6_000)

    level.update(Heartbeat(True, 0, 40_000, 0, 80_000), 10.0)
    before = level.samples(10.0)
    level.update(Heartbeat(True, 0, 10, 0, 90_000), 10.0)

    assert before == 0
    assert level.samples(10.0) == 10


def beat(received: int, waiting: int = 0) -> Heartbeat:
    """A heartbeat after so many bytes, of which ``waiting`` wait."""
    return Heartbeat(True, 0, waiting // 2, 0, received)


def handed(*voices: int) -> HandedSound:
    """Two pieces of each voice, all of them finished."""
    sound = HandedSound()
    for voice in voices:
        for record in (Feed(voice, PIECE), Feed(voice, PIECE), Finish(voice)):
            sound.add(record)
    return sound


def test_what_no_heartbeat_has_shown_to_be_played_is_for_the_next_process() -> None:
    sound = handed(1)
    sound.update(beat(0))
    sound.update(beat(2_000, waiting=2_000))

    assert sound.unplayed() == [Feed(1, PIECE), Feed(1, PIECE), Finish(1)]
    assert sound.heard == -1


def test_of_a_voice_that_was_heard_nothing_is_said_twice() -> None:
    sound = handed(1, 2)
    sound.update(beat(4_000, waiting=3_500))

    assert (sound.heard, sound.rest) == (1, 1_500)
    assert sound.unplayed() == [Feed(2, PIECE), Feed(2, PIECE), Finish(2)]
    sound.update(beat(4_000, waiting=2_000))
    assert (sound.heard, sound.rest) == (1, 0)


def test_more_of_a_voice_that_is_heard_is_a_rest_and_is_not_kept() -> None:
    sound = handed(1)
    sound.update(beat(2_000))
    sound.add(Feed(1, PIECE))

    assert (sound.rest, sound.unplayed()) == (1_000, [])
    sound.update(beat(3_000, waiting=400))
    assert sound.rest == 400


def test_what_was_stopped_is_over_and_a_beat_from_before_says_nothing_of_what_follows() -> None:
    sound = handed(1)
    sound.stopped(500)
    sound.add(Feed(2, PIECE))
    sound.update(beat(1_400))

    assert (sound.heard, sound.rest, sound.unplayed()) == (-1, 0, [Feed(2, PIECE)])
    sound.update(beat(2_500, waiting=1_000))
    assert sound.unplayed() == [Feed(2, PIECE)]
    sound.update(beat(2_500, waiting=900))
    assert (sound.heard, sound.rest, sound.unplayed()) == (2, 900, [])
