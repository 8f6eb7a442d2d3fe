"""The chirp is found again: how late, how loud, how long it echoes, or not at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cli.demo.command import RECORDING
from ravatard.core.audio_format import RATE_HZ, VOICE_RATE_HZ
from ravatard.doctor.chirp import LENGTH_S, chirp, find
from tests.examples import examples


def room(gain_db: float, delay_s: float, noise: float, tail_s: float = 0.0, seed: int = 1) -> bytes:
    """A recording of 3 s: noise, and the chirp through a speaker, some air, and a room that rings."""
    chance = np.random.default_rng(seed)
    sound = chance.normal(0, noise, 3 * RATE_HZ)
    played = np.frombuffer(chirp(RATE_HZ), "<i2").astype(float) * 10 ** (gain_db / 20)
    if tail_s:
        ring = chance.normal(0, 0.06, round(tail_s * RATE_HZ)) * np.exp(
            -np.linspace(0, 5, round(tail_s * RATE_HZ))
        )
        ring[0] = 1.0
        played = np.convolve(played, ring)
    at = round(delay_s * RATE_HZ)
    sound[at : at + len(played)] += played[: len(sound) - at]
    return sound.clip(-32768, 32767).astype("<i2").tobytes()


def test_a_chirp_is_half_a_second_with_soft_edges_and_never_loud() -> None:
    samples = np.frombuffer(chirp(VOICE_RATE_HZ), "<i2")

    assert len(samples) == LENGTH_S * VOICE_RATE_HZ
    assert abs(int(samples[0])) < 10 > abs(int(samples[-1]))
    assert 8_000 < abs(samples).max() <= 8_192


@settings(max_examples=examples(15))
@given(delay_ms=st.integers(100, 2000), gain_db=st.integers(-40, 6), seed=st.integers(0, 99))
def test_it_is_found_within_a_millisecond_and_a_decibel(delay_ms: int, gain_db: int, seed: int) -> None:
    echo = find(room(gain_db, delay_ms / 1000, noise=30, seed=seed))

    assert echo.heard
    assert echo.at_s * 1000 == pytest.approx(delay_ms, abs=1)
    assert echo.gain_db == pytest.approx(gain_db, abs=1)


@settings(max_examples=examples(15))
@given(seed=st.integers(0, 999), noise=st.sampled_from([3, 30, 300, 3000]))
def test_noise_alone_is_no_chirp(seed: int, noise: float) -> None:
    assert not find(room(-200, 1.0, noise, seed=seed)).heard


def test_whoever_speaks_meanwhile_is_no_chirp_and_hides_none() -> None:
    speech = np.frombuffer(RECORDING.read_bytes()[44:], "<i2")[: 3 * RATE_HZ].astype(float)
    quiet = np.frombuffer(room(-12, 1.0, 10), "<i2")

    assert not find(speech.astype("<i2").tobytes()).heard
    both = (quiet + speech * 0.3).clip(-32768, 32767).astype("<i2").tobytes()
    assert find(both).at_s == pytest.approx(1.0, abs=0.001)


def test_a_room_that_rings_is_measured() -> None:
    dry, wet = find(room(-12, 1.0, 10)), find(room(-12, 1.0, 10, tail_s=0.6))

    assert dry.tail_ms <= 20
    assert 200 < wet.tail_ms < 600


@pytest.mark.parametrize(
    "pcm", [b"", b"\0", bytes(100), bytes(96_000)], ids=["none", "half", "short", "zeros"]
)
def test_what_cannot_hold_a_chirp_holds_none(pcm: bytes) -> None:
    assert not find(pcm).heard
