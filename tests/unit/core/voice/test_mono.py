"""Channels of an answer that cancel each other are heard from the beginning; others keep their mean."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ravatard.core.audio.wav import WavShape
from ravatard.core.voice.mono import MonoMix
from ravatard.core.voice.wav_reader import Samples
from ravatard.core.voice.wav_voice import WavVoice
from tests.unit.devices.wav_files import stored


def speech(rate_hz: int, seconds: float = 1.0) -> NDArray[np.float64]:
    at = np.arange(int(rate_hz * seconds)) / rate_hz
    made: NDArray[np.float64] = np.random.default_rng(5).normal(size=len(at)) * 0.1 * np.sin(7 * at) ** 2
    return made


def mixed(frames: NDArray[np.float64], channels: int, rate_hz: int, piece: int) -> tuple[MonoMix, bytes]:
    mix = MonoMix(channels, rate_hz)
    pcm = stored(frames.reshape(-1), "s16")
    size = piece * channels * 2
    return mix, b"".join(mix.mix(pcm[at : at + size]) for at in range(0, len(pcm), size))


@pytest.mark.parametrize("offset", [0.0, 0.1])
@pytest.mark.parametrize("other", [1.0, 0.9, 0.8])
@pytest.mark.parametrize("piece", [7, 480, 2_400])
@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
@pytest.mark.parametrize("channels", [2, 4])
def test_channels_that_cancel_are_heard(
    channels: int, rate_hz: int, piece: int, other: float, offset: float
) -> None:
    voice = speech(rate_hz)
    frames = np.stack([voice * (1.0 if at % 2 == 0 else -other) for at in range(channels)], axis=1) + offset

    mix, pcm = mixed(frames, channels, rate_hz, piece)

    heard = np.frombuffer(pcm, "<i2") / 32768
    assert mix.chosen is not None
    assert len(heard) == len(voice)
    assert np.std(heard) > 0.9 * np.std(voice)


@pytest.mark.parametrize("kind", ["same", "independent", "one alone", "unlike", "quiet"])
@pytest.mark.parametrize("channels", [2, 6])
def test_channels_that_only_differ_keep_their_mean(channels: int, kind: str) -> None:
    voice = speech(24_000)
    numbers = range(channels)
    each = {
        "same": [voice for _ in numbers],
        "independent": [np.random.default_rng(n).normal(size=len(voice)) * 0.1 for n in numbers],
        "one alone": [voice * (n == 1) for n in numbers],
        "unlike": [voice * (1 if n % 2 == 0 else -0.3) for n in numbers],
        "quiet": [voice * 1e-3 * (-1) ** n for n in numbers],
    }[kind]

    mix, pcm = mixed(np.stack(each, axis=1), channels, 24_000, 2_400)

    assert mix.chosen is None
    heard = np.frombuffer(pcm, "<i2") / 32768
    # Not pytest.approx, which compares one sample after the other.
    assert len(heard) == len(voice)
    assert np.max(np.abs(heard - np.mean(each, axis=0))) <= channels / 32768


@pytest.mark.parametrize("coding", ["u8", "s16", "s24", "s32", "f32", "f64"])
def test_an_answer_as_wav_whose_channels_cancel_is_heard(coding: str) -> None:
    voice = speech(24_000)
    frames = np.stack([voice, -voice], axis=1).reshape(-1)
    converter = WavVoice()

    pcm = converter.convert(Samples(WavShape(24_000, 2, coding), stored(frames, coding))) + converter.flush()

    assert np.std(np.frombuffer(pcm, "<i2") / 32768) > 0.8 * np.std(voice)
