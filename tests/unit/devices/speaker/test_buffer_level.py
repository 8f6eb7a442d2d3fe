from __future__ import annotations

from ravatard.devices.speaker.buffer_level import BufferLevel
from ravatard.devices.speaker.protocol import Heartbeat


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
