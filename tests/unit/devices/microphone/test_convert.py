from __future__ import annotations

import re
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.audio_format import SPEECH, AudioFormat
from ravatard.devices.microphone.convert import FloatConverter, IntegerConverter, converter_for
from ravatard.errors import DeviceError
from ravatard.installation import adding


def converted(pcm: bytes, shape: AudioFormat, channel: int | None = None) -> list[int]:
    converter = converter_for(shape, channel)
    assert converter is not None
    return [int(sample) for sample in np.frombuffer(converter.convert(pcm), "<i2")]


def s24(*samples: int) -> bytes:
    return b"".join(sample.to_bytes(3, "little", signed=True) for sample in samples)


def test_16_khz_mono_s16le_needs_no_conversion() -> None:
    assert converter_for(SPEECH, None) is None


@given(st.floats(width=32, allow_nan=False))
@settings(deadline=None)
def test_floats_convert_as_the_document_says(value: float) -> None:
    pcm = struct.pack("<f", value)

    assert converted(pcm, AudioFormat(sample_format="f32le")) == [round(max(-1.0, min(1.0, value)) * 32767)]


def test_a_float_that_is_no_number_is_silence() -> None:
    pcm = struct.pack("<3f", float("nan"), float("inf"), float("-inf"))

    assert converted(pcm, AudioFormat(sample_format="f32le")) == [0, 32767, -32767]


def test_24_and_32_bits_lose_their_lower_bits() -> None:
    assert converted(s24(0x123456, -1, 0x7FFFFF), AudioFormat(sample_format="s24le")) == [0x1234, -1, 0x7FFF]
    assert converted(struct.pack("<2i", 0x12345678, -(2**31)), AudioFormat(sample_format="s32le")) == [
        0x1234,
        -(2**15),
    ]


def test_stereo_becomes_its_mean() -> None:
    assert converted(struct.pack("<4h", 100, 300, -7, -7), AudioFormat(channels=2)) == [200, -7]


@pytest.mark.parametrize(("channel", "expected"), [(0, [1, 4]), (2, [3, 6])])
def test_one_channel_of_several_can_be_used(channel: int, expected: list[int]) -> None:
    assert converted(struct.pack("<6h", 1, 2, 3, 4, 5, 6), AudioFormat(channels=3), channel) == expected


def test_one_channel_of_wide_samples_can_be_used() -> None:
    assert converted(s24(0x100, 0x20000, 0x300, 0x40000), AudioFormat(16_000, 2, "s24le"), 1) == [
        0x200,
        0x400,
    ]


@pytest.mark.parametrize(
    ("sample_format", "pcm"),
    [
        ("s16le", struct.pack("<6h", 300, 600, 900, -300, -600, -900)),
        ("s24le", s24(*(256 * value for value in (300, 600, 900, -300, -600, -900)))),
        ("s32le", struct.pack("<6i", *(65536 * value for value in (300, 600, 900, -300, -600, -900)))),
        ("f32le", struct.pack("<6f", *(value / 32767 for value in (300, 600, 900, -300, -600, -900)))),
    ],
)
def test_the_mean_of_more_than_two_channels_is_exact(sample_format: str, pcm: bytes) -> None:
    assert converted(pcm, AudioFormat(16_000, 3, sample_format)) == [600, -600]


def test_integers_that_only_need_less_go_without_numpy() -> None:
    assert isinstance(converter_for(AudioFormat(16_000, 2, "s32le"), None), IntegerConverter)
    assert isinstance(converter_for(AudioFormat(48_000, 1, "s16le"), None), FloatConverter)


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_a_tone_keeps_its_pitch_and_level_at_16_khz(rate_hz: int) -> None:
    seconds = np.arange(rate_hz) / rate_hz
    tone = (10_000 * np.sin(2 * np.pi * 1_000 * seconds)).astype("<i2")

    heard = _in_blocks(tone.tobytes(), AudioFormat(rate_hz))

    spectrum = np.abs(np.fft.rfft(heard[:8_000] * np.hanning(8_000)))
    assert len(heard) == pytest.approx(16_000, abs=1_100)
    assert int(np.argmax(spectrum)) == 500
    assert np.abs(heard[2_000:8_000]).max() == pytest.approx(10_000, rel=0.02)


def test_what_is_above_8_khz_is_not_folded_into_speech() -> None:
    seconds = np.arange(48_000) / 48_000
    tone = (10_000 * np.sin(2 * np.pi * 10_000 * seconds)).astype("<i2")

    heard = _in_blocks(tone.tobytes(), AudioFormat(48_000))

    assert np.abs(heard[1_000:]).max() <= 2


def _in_blocks(pcm: bytes, shape: AudioFormat) -> np.ndarray[Any, np.dtype[np.int16]]:
    converter = converter_for(shape, None)
    assert converter is not None
    block = shape.bytes_for(60)
    pieces = [converter.convert(pcm[at : at + block]) for at in range(0, len(pcm), block)]
    return np.frombuffer(b"".join(pieces), "<i2")


def test_a_channel_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        DeviceError, match=r"capture.channel is 2, but the microphone delivers 2, .* at most 1"
    ):
        converter_for(AudioFormat(channels=2), 2)


@pytest.mark.parametrize(
    ("missing", "shape"), [("soxr", AudioFormat(44_100)), ("numpy", AudioFormat(sample_format="f32le"))]
)
def test_a_missing_extra_is_named_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, shape: AudioFormat
) -> None:
    import importlib

    real = importlib.import_module

    def without(name: str, package: str | None = None) -> Any:
        if name == missing:
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)

    with pytest.raises(
        DeviceError,
        match=rf"{shape.rate_hz} Hz .* needs {missing}: {re.escape(adding('resample'))}; or have it",
    ):
        converter_for(shape, None)
