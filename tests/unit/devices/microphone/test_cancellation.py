"""Channels that cancel each other, wholly or nearly, in every shape; and those that only differ."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from ravatard.core.audio_format import AudioFormat
from ravatard.devices.microphone.convert import converter_for
from tests.unit.devices.wav_files import stored

SHAPES = [
    AudioFormat(16_000, 2),
    AudioFormat(16_000, 2, "s24le"),
    AudioFormat(16_000, 2, "s32le"),
    AudioFormat(16_000, 2, "f32le"),
    AudioFormat(48_000, 2),
    AudioFormat(16_000, 4),
    AudioFormat(44_100, 6, "s24le"),
]


@cache
def speech(rate_hz: int, seconds: float = 6.0) -> NDArray[np.float64]:
    """Bursts of noise with pauses between them, at -20 dBFS."""
    at = np.arange(int(rate_hz * seconds))
    made: NDArray[np.float64] = (
        np.random.default_rng(3).normal(size=len(at)) * 0.1 * (np.sin(2 * np.pi * at / rate_hz) > -0.3)
    )
    return made


@cache
def normal(number: int, count: int) -> NDArray[np.float64]:
    return np.random.default_rng(number).normal(size=count)


def noise(number: int, like: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    return normal(number, len(like)) * level


def listened(
    shape: AudioFormat, channels: Sequence[NDArray[np.float64]]
) -> tuple[int | None, NDArray[np.float64]]:
    """Return the channel that was chosen, and the sound that came out in the last two seconds."""
    converter = converter_for(shape, None)
    assert converter is not None
    frames = np.clip(np.stack(channels, axis=1).reshape(-1), -1, 1)
    pcm = stored(frames, shape.sample_format.removesuffix("le"))
    size = shape.bytes_for(60)
    made = b"".join(converter.convert(pcm[at : at + size]) for at in range(0, len(pcm) - size, size))
    return converter.chosen, np.frombuffer(made, "<i2")[-32_000:] / 32767


@pytest.mark.parametrize("offset", [0.0, 0.2])
@pytest.mark.parametrize("level", [1.0, 0.05])
@pytest.mark.parametrize("other", [1.0, 0.95, 0.8])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_channels_that_cancel_are_noticed_and_one_is_taken(
    shape: AudioFormat, other: float, level: float, offset: float
) -> None:
    voice = speech(shape.rate_hz) * level
    signs = [1.0, -other] * (shape.channels // 2)

    chosen, heard = listened(
        shape, [voice * sign + noise(n, voice, 2e-4) + offset for n, sign in enumerate(signs)]
    )

    assert chosen is not None
    assert np.std(heard) > 0.5 * np.std(voice[-len(heard) :]) * min(1.0, other)


@pytest.mark.parametrize("other", [0.7, 0.5])
@pytest.mark.parametrize("shape", [one for one in SHAPES if one.channels == 2], ids=str)
def test_two_channels_that_cancel_in_part_are_noticed_too(shape: AudioFormat, other: float) -> None:
    voice = speech(shape.rate_hz)

    chosen, heard = listened(shape, [noise(1, voice, 2e-4) - other * voice, voice])

    assert chosen == 1
    assert np.std(heard) > 0.5 * np.std(voice[-len(heard) :])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", ["same", "independent", "one alone", "unlike", "quiet", "offsets"])
def test_channels_that_only_differ_keep_their_mean(shape: AudioFormat, kind: str) -> None:
    voice = speech(shape.rate_hz)
    numbers = range(shape.channels)
    channels = {
        "same": [voice for _ in numbers],
        "independent": [noise(n, voice, 0.1) for n in numbers],
        "one alone": [voice * (n == 1) for n in numbers],
        "unlike": [voice * (1 if n % 2 == 0 else -0.3) for n in numbers],
        "quiet": [noise(0, voice, 2e-4) * (-1) ** n for n in numbers],
        "offsets": [voice * 0.2 + 0.3 * (-1) ** n for n in numbers],
    }[kind]

    assert listened(shape, channels)[0] is None


def test_a_configured_channel_is_never_changed() -> None:
    converter = converter_for(AudioFormat(16_000, 2), 1)
    assert converter is not None

    for _ in range(100):
        converter.convert(stored(np.array([0.5, -0.5, -0.5, 0.5] * 480), "s16"))

    assert converter.chosen is None
