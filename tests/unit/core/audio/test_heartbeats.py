"""Of a microphone's heartbeats one in ten seconds becomes an event, and every one that brings news."""

from __future__ import annotations

from ravatard.core.audio.heartbeats import LISTENED_S, Heartbeats
from ravatard.core.audio.microphone_events import Listened
from ravatard.core.audio.progress import Progress


def heartbeat(samples: int, level_db: float = -60.0, *, overruns: int = 0, score: float = 0.0) -> Listened:
    return Listened(samples, level_db, -66.0, overruns, score)


def test_the_first_becomes_an_event_and_the_next_ones_are_noted() -> None:
    progress = Progress()
    heartbeats = Heartbeats(progress)

    assert not heartbeats.absorbs(heartbeat(8_000), 1.0)
    assert heartbeats.event(heartbeat(8_000), 1.0) == heartbeat(8_000)
    assert heartbeats.absorbs(heartbeat(16_000), 1.5)
    assert progress.listened == heartbeat(16_000)
    assert progress.samples == 16_000


def test_the_next_event_has_the_highest_figures_since_the_one_before() -> None:
    heartbeats = Heartbeats(Progress())
    heartbeats.event(heartbeat(1, -10.0, score=0.9), 0.0)
    heartbeats.absorbs(heartbeat(2, -20.0, score=0.1), 1.0)
    heartbeats.absorbs(heartbeat(3, -50.0, score=0.4), 2.0)

    assert not heartbeats.absorbs(heartbeat(4), LISTENED_S)
    assert heartbeats.event(heartbeat(4), LISTENED_S) == heartbeat(4, -20.0, score=0.4)


def test_an_overrun_and_a_new_opening_are_news() -> None:
    progress = Progress()
    heartbeats = Heartbeats(progress)
    heartbeats.event(heartbeat(1), 0.0)

    assert not heartbeats.absorbs(heartbeat(2, overruns=1), 1.0)
    assert heartbeats.absorbs(heartbeat(2), 1.0)
    heartbeats.restart()
    assert not heartbeats.absorbs(heartbeat(3), 1.0)
