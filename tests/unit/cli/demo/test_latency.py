"""What a summary says about answers: which were heard, and how long people waited."""

from __future__ import annotations

import pytest

from ravatard.cli.demo.latency import Exchanges
from ravatard.core import events as ev
from ravatard.core.audio_format import samples_in
from ravatard.core.states import Cause, CloseReason
from tests.unit.core.sounds import quiet, voice


def closed(reason: CloseReason = CloseReason.SILENCE) -> ev.UtteranceClosed:
    return ev.UtteranceClosed(1, reason, 0, 1400.0)


def utterance(*sounds: bytes, first: int = 0) -> list[ev.Event]:
    """What the gate says of an utterance of these sounds, a chunk each, that silence ended."""
    events: list[ev.Event] = [ev.UtteranceOpened(1, Cause.VOICE, first)]
    for sequence, sound in enumerate(sounds):
        events.append(ev.ChunkCaptured(1, sequence, first, sound, 0.0))
        first += samples_in(sound)
    return [*events, ev.UtteranceClosed(1, CloseReason.SILENCE, first, 1400.0)]


@pytest.mark.parametrize("rest", [quiet(910), voice(910, 300)], ids=["silence", "noise of a room"])
def test_the_wait_begins_when_the_last_word_was_said_and_ends_with_the_first_sound(rest: bytes) -> None:
    exchanges = Exchanges()

    for event in utterance(voice(300), voice(90, 1_000) + rest[:640], rest[640:], first=5_000):
        exchanges.on_event(event, 10.0)
    exchanges.on_event(ev.Answered("yes"), 10.6)
    exchanges.on_event(ev.PlaybackStarted(10.8), 10.75)

    # The piece in which the last word ends is 20 ms long.
    assert exchanges.waits_ms == pytest.approx([1700.0])


def test_the_loudest_word_of_another_utterance_says_nothing_of_this_one() -> None:
    exchanges = Exchanges()

    for at, amplitude in ((10.0, 30_000.0), (20.0, 500.0)):
        for event in utterance(voice(200, amplitude), quiet(600)):
            exchanges.on_event(event, at)
        exchanges.on_event(ev.Answered("yes"), at)
        exchanges.on_event(ev.PlaybackStarted(at + 1), at + 1)

    assert exchanges.waits_ms == pytest.approx([1600.0, 1600.0])


def test_who_lets_the_button_go_has_said_it_all_by_then() -> None:
    exchanges = Exchanges()

    exchanges.on_event(closed(CloseReason.RELEASED), 10.0)
    exchanges.on_event(ev.PlaybackStarted(10.5), 10.5)
    exchanges.on_event(ev.Answered("yes"), 10.6)

    assert exchanges.waits_ms == pytest.approx([500.0])


def test_an_answer_that_never_sounds_is_not_heard() -> None:
    exchanges = Exchanges()

    for at, sounds in ((10.0, True), (20.0, False), (30.0, True)):
        exchanges.on_event(closed(), at)
        exchanges.on_event(ev.Answered("yes"), at + 1)
        if sounds:
            exchanges.on_event(ev.PlaybackStarted(at + 2), at + 2)

    assert (exchanges.answers, exchanges.heard) == (3, 2)


def test_a_pause_within_an_answer_makes_it_no_second_one() -> None:
    exchanges = Exchanges()

    exchanges.on_event(closed(), 10.0)
    exchanges.on_event(ev.Answered("yes"), 10.5)
    first = (
        exchanges.on_event(ev.PlaybackStarted(11.0), 11.0),
        exchanges.on_event(ev.PlaybackEnded(12.5), 13.0),
    )
    second = (
        exchanges.on_event(ev.PlaybackStarted(14.0), 14.0),
        exchanges.on_event(ev.PlaybackEnded(15.0), 15.5),
    )

    assert (first, second) == ((None, 1.5), (None, 1.0))
    assert (exchanges.answers, exchanges.heard) == (1, 1)
    assert exchanges.waits_ms == pytest.approx([1000.0])


def test_what_was_written_is_answered_but_nobody_spoke() -> None:
    exchanges = Exchanges()

    exchanges.on_event(ev.TextGiven("hello"), 1.0)
    exchanges.on_event(ev.Answered("yes"), 2.0)
    exchanges.on_event(ev.PlaybackStarted(2.2), 2.2)

    assert (exchanges.answers, exchanges.heard, exchanges.waits_ms) == (1, 1, [])


def test_sound_and_answers_that_nobody_asked_for_are_not_counted() -> None:
    exchanges = Exchanges()

    exchanges.on_event(ev.Answered("hello"), 1.0)
    exchanges.on_event(ev.PlaybackEnded(1.5), 1.5)
    exchanges.on_event(ev.PlaybackStarted(2.0), 2.0)

    assert (exchanges.answers, exchanges.heard) == (0, 0)


def test_underruns_go_on_where_a_speaker_that_is_opened_anew_begins_at_none() -> None:
    exchanges = Exchanges()

    exchanges.on_event(ev.Played(2, 0.0), 1.0)
    exchanges.on_event(ev.SpeakerReady("usb", 20.0), 2.0)
    exchanges.on_event(ev.Played(0, 0.0), 3.0)
    exchanges.on_event(ev.Played(1, 0.0), 4.0)

    assert exchanges.underruns == 3
