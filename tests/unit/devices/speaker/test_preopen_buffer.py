from __future__ import annotations

from ravatard.core.audio.playout import LONGEST_SAMPLES
from ravatard.devices.speaker.preopen_buffer import LIMIT_S, PreopenBuffer
from ravatard.devices.speaker.protocol import Feed, Finish

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


def test_a_live_voice_does_not_wait() -> None:
    waiting = PreopenBuffer()
    waiting.begin(1, live=True)
    waiting.put(SOUND, 1.0)
    waiting.begin(2, live=False)
    waiting.put(Feed(2, b"12"), 1.0)

    assert waiting.take(1.5) == [Feed(2, b"12")]


def test_for_a_device_that_is_not_there_nothing_waits_until_it_was() -> None:
    waiting = PreopenBuffer()
    waiting.put(SOUND, 1.0)

    waiting.give_up()
    assert waiting.put(SOUND, 1.1) == 0
    assert waiting.take(1.2) == []
    waiting.put(SOUND, 1.3)

    assert waiting.take(1.4) == [SOUND]


def test_no_more_waits_than_the_speaker_itself_would_take() -> None:
    waiting = PreopenBuffer()
    waiting.put(Feed(1, bytes(LONGEST_SAMPLES * 2)), 1.0)

    assert waiting.put(SOUND, 1.0) == 480
    assert len(waiting.take(1.1)) == 1
