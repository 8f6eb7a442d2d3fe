"""An echo is told by what the speaker played, and by the bass that it lacks."""

from __future__ import annotations

import audioop

import pytest

from ravatard.core.audio.echo.echo_marks import bass_db, likest, prepared
from ravatard.core.audio_format import RATE_HZ, VOICE_RATE_HZ, bytes_for
from tests.unit.core.sounds import beep, hiss, noise, quiet, voice

SOUND = noise(150.0)


def likeness(sound: bytes, played: bytes, played_rate_hz: int) -> float:
    """How like ``sound`` is to its likest place in ``played``."""
    return likest(prepared(sound, RATE_HZ), prepared(played, played_rate_hz))[1]


@pytest.mark.parametrize("delay_ms", [0.0, 40.0, 130.0, 330.0])
@pytest.mark.parametrize("gain", [1.0, 0.1, -0.3])
def test_a_delayed_copy_is_like_it_whatever_its_level(delay_ms: float, gain: float) -> None:
    played = audioop.mul(quiet(330.0 - delay_ms) + SOUND + noise(delay_ms, seed=3), 2, gain)

    assert likeness(SOUND, played, RATE_HZ) > 0.95


def test_the_speakers_rate_makes_no_difference() -> None:
    played, _ = audioop.ratecv(noise(330.0, seed=3) + SOUND, 2, 1, RATE_HZ, VOICE_RATE_HZ, None)

    assert likeness(SOUND, played, VOICE_RATE_HZ) > 0.9


def test_another_sound_is_not_like_it() -> None:
    assert likeness(SOUND, noise(480.0, seed=3), RATE_HZ) < 0.2
    assert likeness(voice(150.0), noise(480.0, seed=3), RATE_HZ) < 0.2


def test_an_echo_under_a_louder_voice_is_not_enough() -> None:
    both = audioop.add(audioop.mul(SOUND, 2, 0.1), voice(150.0), 2)

    assert likeness(both, quiet(330.0) + SOUND, RATE_HZ) < 0.3


@pytest.mark.parametrize("played", [quiet(480.0), quiet(479.0) + b"\1\0" * 16, b"", SOUND[:100]])
def test_silence_and_too_little_are_like_nothing(played: bytes) -> None:
    assert likeness(SOUND, played, RATE_HZ) == 0.0


def test_silence_is_like_nothing() -> None:
    assert likeness(quiet(150.0), quiet(330.0) + SOUND, RATE_HZ) == 0.0
    assert likeness(b"", SOUND, RATE_HZ) == 0.0


def test_an_echo_of_a_sound_that_has_only_begun_is_told() -> None:
    begun = quiet(100.0) + SOUND[: bytes_for(50)]

    assert likeness(begun, quiet(330.0) + begun, RATE_HZ) > 0.95


def test_a_voice_has_bass_and_distortion_has_none() -> None:
    assert bass_db(beep(150.0, 200)) > -5
    assert bass_db(hiss(150.0)) < -22
    assert bass_db(beep(150.0, 2_500)) < -30
    assert bass_db(quiet(150.0)) == 0.0
