"""Answers on a line of samples: in order, cut off softly, the same however the line is read."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.streaming.speech_track import SpeechTrack


def _tone(samples: int, level: int = 1_000) -> bytes:
    return struct.pack("<h", level) * samples


def test_what_is_said_begins_now() -> None:
    speech = SpeechTrack(began=10.0)

    one = speech.say("hello", _tone(480), 11.0)

    assert (one.first_sample, one.end_sample) == (48_000, 48_480)
    assert speech.time_of(one.first_sample) == 11.0
    assert speech.samples(47_999, 3) == bytes(2) + _tone(2)


def test_a_second_answer_waits_for_the_first() -> None:
    speech = SpeechTrack(0.0)
    first = speech.say("one", _tone(4_800), 0.0)

    second = speech.say("two", _tone(480, 2_000), 0.01)

    assert second.first_sample == first.end_sample
    assert speech.samples(first.end_sample - 1, 2) == _tone(1) + _tone(1, 2_000)


def test_who_is_hushed_fades_out_and_forgets_the_rest() -> None:
    speech = SpeechTrack(0.0)
    first = speech.say("one", _tone(48_000), 0.0)
    speech.say("two", _tone(480), 0.0)

    speech.interrupt(0.5)

    assert first.cut
    assert first.end_sample == 24_000
    assert list(speech.spoken) == [first]
    levels = struct.unpack("<24000h", first.pcm)
    assert levels[22_000] == 1_000
    assert levels[-1] == 0
    assert speech.samples(24_000, 100) == bytes(200)


def test_hushing_one_who_is_silent_changes_nothing() -> None:
    speech = SpeechTrack(0.0)
    speech.interrupt(1.0)
    said = speech.say("one", _tone(480), 1.0)

    speech.interrupt(2.0)

    assert not said.cut
    assert len(said.pcm) == 960


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 2_000)), max_size=5),
    st.lists(st.integers(1, 1_500), min_size=1, max_size=20),
)
def test_the_sound_does_not_depend_on_the_pieces_it_is_read_in(
    answers: list[tuple[int, int]], pieces: list[int]
) -> None:
    speech = SpeechTrack(0.0)
    for number, (at, length) in enumerate(answers, 1):
        speech.say("", _tone(length, number), at / 48_000)
    total = sum(pieces)

    read, at = b"", 0
    for piece in pieces:
        read += speech.samples(at, piece)
        at += piece

    assert read == speech.samples(0, total)
