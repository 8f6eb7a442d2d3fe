"""Samples of any shape as the voice's; the decoder's tests hear the joints."""

from __future__ import annotations

import pytest

from ravatard.core.audio.wav import WavShape
from ravatard.core.voice.wav_reader import Samples
from ravatard.core.voice.wav_voice import WavVoice
from tests.unit.devices.wav_files import s16, tone


def samples(rate_hz: int) -> Samples:
    return Samples(WavShape(rate_hz, 1, "s16"), s16(tone(440, rate_hz, 0.1)))


@pytest.mark.parametrize("rates", [[24_000], [48_000], [24_000, 24_000], [8_000, 48_000, 44_100]])
def test_all_of_the_sound_comes_out_whatever_its_shapes(rates: list[int]) -> None:
    voice = WavVoice()

    pcm = b"".join(voice.convert(samples(rate_hz)) for rate_hz in rates) + voice.flush()

    assert len(pcm) / 96_000 == pytest.approx(0.1 * len(rates), abs=0.001)


def test_without_sound_nothing_is_held_back() -> None:
    assert WavVoice().flush() == b""


def test_it_goes_on_after_a_flush() -> None:
    voice = WavVoice()
    voice.convert(samples(24_000))
    voice.flush()

    assert voice.convert(samples(24_000))
