from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.options import TurnDetectorOptions
from ravatard.sim.ravatar.turn_detector import (
    DetectorNoiseFloor,
    SpeechBegan,
    SpeechEnded,
    TurnDetector,
    level_dbfs,
    speech_seconds,
)
from tests.examples import examples
from tests.unit.sim.caller import chunks, quiet, tone


def _noise(seconds: float, dbfs: float, seed: int = 1) -> bytes:
    """White noise, s16le mono 16 kHz."""
    chance = random.Random(seed)
    deviation = 32_768 * 10 ** (dbfs / 20)
    count = int(seconds * 16_000)
    return struct.pack(f"<{count}h", *(int(chance.gauss(0, deviation)) for _ in range(count)))


def _mixed(first: bytes, second: bytes) -> bytes:
    """Two sounds of the same length at the same time."""
    count = len(first) // 2
    pairs = zip(struct.unpack(f"<{count}h", first), struct.unpack(f"<{count}h", second), strict=True)
    return struct.pack(f"<{count}h", *(max(-32_768, min(32_767, one + other)) for one, other in pairs))


def _heard(pcm: bytes, options: TurnDetectorOptions | None = None) -> list[SpeechBegan | SpeechEnded]:
    detector = TurnDetector(options or TurnDetectorOptions())
    return [event for piece in chunks(pcm) for event in detector.feed(piece)]


def test_a_turn_ends_600_ms_after_the_last_speech() -> None:
    events = _heard(tone(1.0) + quiet(1.0))

    assert events == [SpeechBegan(0), SpeechEnded(0, 16_000, 25_600)]


def test_the_length_of_the_speech_is_told_in_milliseconds() -> None:
    assert SpeechEnded(1_600, 17_600, 30_000).speech_ms == 1_000


def test_speech_whose_silence_never_comes_is_never_over() -> None:
    detector = TurnDetector(TurnDetectorOptions())

    events = detector.feed(tone(1.0) + quiet(0.58))

    assert events == [SpeechBegan(0)]
    assert detector.speaking


def test_a_pause_shorter_than_the_silence_belongs_to_the_turn() -> None:
    events = _heard(tone(1.0) + quiet(0.5) + tone(1.0) + quiet(1.0))

    assert events == [SpeechBegan(0), SpeechEnded(0, 40_000, 49_600)]


def test_two_turns_are_two() -> None:
    events = _heard(tone(1.0) + quiet(1.0) + tone(0.5) + quiet(1.0))

    assert [event.first_sample for event in events if isinstance(event, SpeechEnded)] == [0, 32_000]


def test_a_click_is_no_turn() -> None:
    assert _heard(quiet(0.5) + tone(0.06) + quiet(2.0)) == []


def test_clicks_far_apart_are_no_turn() -> None:
    assert _heard((tone(0.06) + quiet(1.0)) * 5) == []


def test_a_single_loud_window_keeps_no_turn_open() -> None:
    events = _heard(tone(1.0) + quiet(0.4) + tone(0.02) + quiet(1.0))

    assert events == [SpeechBegan(0), SpeechEnded(0, 16_000, 25_600)]


def test_silence_says_nothing() -> None:
    assert _heard(quiet(10.0)) == []


def test_whispering_below_the_quietest_level_is_no_speech() -> None:
    assert _heard(quiet(0.5) + tone(1.0, amplitude=20) + quiet(1.0)) == []


@pytest.mark.parametrize("dbfs", [-66, -50, -42])
def test_a_turn_ends_in_the_noise_of_a_real_room(dbfs: float) -> None:
    room = _noise(4.0, dbfs)
    sound = _mixed(room, quiet(1.0) + tone(1.0) + quiet(2.0))

    events = _heard(sound)

    assert events == [SpeechBegan(16_000), SpeechEnded(16_000, 32_000, 41_600)]


def test_noise_as_loud_as_speech_is_learned_and_then_ends_the_turn() -> None:
    events = _heard(_noise(6.0, -30))

    assert isinstance(events[0], SpeechBegan)
    assert isinstance(events[1], SpeechEnded)
    assert events[1].decided_at_sample <= 5 * 16_000
    assert len(events) == 2


def test_speech_over_noise_that_was_learned_is_found() -> None:
    room = _noise(8.0, -32)
    sound = _mixed(room, quiet(6.0) + tone(1.0, 12_000) + quiet(1.0))

    last = _heard(sound)[-1]

    assert last == SpeechEnded(96_000, 112_000, 121_600)


def test_padding_does_not_make_the_room_look_quiet() -> None:
    floor = DetectorNoiseFloor(TurnDetectorOptions(floor_window_ms=500))
    learned = [floor.learn(-35.0) for _ in range(25)]

    for _ in range(100):
        learned.append(floor.learn(-100.0))

    assert learned[0] == -40.0
    assert learned[-1] == -35.0


def test_the_floor_is_the_quietest_moment_of_its_window() -> None:
    floor = DetectorNoiseFloor(TurnDetectorOptions(floor_window_ms=500))

    levels = [floor.learn(level) for level in [-50.0, -60.0, -55.0, *[-45.0] * 40]]

    assert levels[1] == -60.0
    assert levels[25] == -60.0
    assert levels[26] == -55.0
    assert levels[27] == -45.0


def test_before_any_sound_the_floor_is_the_bottom() -> None:
    assert DetectorNoiseFloor(TurnDetectorOptions()).learn(-100.0) == -100.0


@pytest.mark.parametrize(
    ("pcm", "seconds"),
    [
        (b"", 0.0),
        (quiet(3.0), 0.0),
        (tone(0.04), 0.0),
        (tone(0.5), 0.5),
        (tone(0.505)[:-2], 0.505),
        (quiet(0.5) + tone(1.0) + quiet(0.3), 1.0),
        (tone(1.0) + quiet(1.0) + tone(0.5), 1.5),
    ],
)
def test_the_speech_in_a_whole_recording_is_what_lies_in_its_turns(pcm: bytes, seconds: float) -> None:
    assert speech_seconds(pcm, TurnDetectorOptions()) == pytest.approx(seconds, abs=0.02)


@given(pcm=st.binary(max_size=20_000))
@settings(deadline=None, max_examples=examples(50))
def test_speech_never_lasts_longer_than_its_recording(pcm: bytes) -> None:
    assert 0 <= speech_seconds(pcm[: len(pcm) // 2 * 2], TurnDetectorOptions()) <= len(pcm) / 32_000


@pytest.mark.parametrize(
    ("pcm", "dbfs"),
    [(b"", -100.0), (bytes(640), -100.0), (b"\x00\x40" * 320, -6.0), (b"\x00\x80" * 320, 0.0)],
)
def test_levels_are_relative_to_full_scale(pcm: bytes, dbfs: float) -> None:
    assert level_dbfs(pcm) == pytest.approx(dbfs, abs=0.1)


@given(cuts=st.lists(st.integers(1, 20_000), min_size=1, max_size=40))
@settings(deadline=None, max_examples=examples(30))
def test_the_decisions_do_not_depend_on_how_the_sound_was_cut(cuts: list[int]) -> None:
    sound = quiet(0.3) + tone(0.8) + quiet(0.9) + tone(0.4) + quiet(0.7)
    detector = TurnDetector(TurnDetectorOptions())
    events: list[SpeechBegan | SpeechEnded] = []
    rest = sound

    while rest:
        for cut in cuts:
            events += detector.feed(rest[:cut])
            rest = rest[cut:]

    assert events == TurnDetector(TurnDetectorOptions()).feed(sound)
