from __future__ import annotations

from ravatard.core.events import (
    PlaybackEnded,
    PlaybackStarted,
    Played,
    SpeakerAsleep,
    SpeakerAwake,
    SpeakerLost,
    SpeakerReady,
)
from ravatard.devices.speaker.events import SpeakerEvents
from ravatard.devices.speaker.protocol import Heartbeat


def beat(active: bool) -> Heartbeat:
    return Heartbeat(active, 2, 0, 48, 0)


def test_signs_of_life_are_told_while_something_plays_and_once_after() -> None:
    news = SpeakerEvents()
    news.dropped = 96

    for active in (False, True, False, False):
        news.heartbeat(beat(active), 480.0)

    assert list(news.events) == [Played(2, 10.0, 3.0), Played(2, 0.0, 3.0)]


def test_a_loss_leaves_nothing_open() -> None:
    news = SpeakerEvents()
    news.playback(PlaybackStarted(1.0))
    news.heartbeat(beat(True), 480.0)
    news.events.clear()

    news.lost("it is gone", 5.0)

    assert list(news.events) == [PlaybackEnded(5.0), Played(0, 0.0), SpeakerLost("it is gone")]


def test_an_answer_that_had_ended_does_not_end_again() -> None:
    news = SpeakerEvents()
    news.playback(PlaybackStarted(1.0))
    news.playback(PlaybackEnded(2.0))
    news.events.clear()

    news.lost("it is gone", 5.0)

    assert list(news.events) == [SpeakerLost("it is gone")]


def test_a_reason_is_told_once_until_it_was_ready_again() -> None:
    news = SpeakerEvents()

    for _ in range(3):
        news.lost("it is gone", 5.0)
    news.ready(SpeakerReady("box", 1.0))
    news.lost("it is gone", 6.0)

    lost = SpeakerLost("it is gone")
    assert list(news.events) == [lost, SpeakerReady("box", 1.0), lost]


def test_a_sleep_and_its_end_are_told_and_a_loss_in_it_is_a_loss() -> None:
    news = SpeakerEvents()

    news.slept()
    news.woke()
    news.woke()
    news.slept()
    news.lost("it is gone", 5.0)
    news.woke()

    assert list(news.events) == [SpeakerAsleep(), SpeakerAwake(), SpeakerAsleep(), SpeakerLost("it is gone")]
