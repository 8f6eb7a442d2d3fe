"""Sounds that the page makes."""

from __future__ import annotations

import io
import wave
from array import array
from itertools import pairwise

from ravatard.web.page.sounds import TONE_HZ, as_wav
from ravatard.web.page.sounds import test_tone as tone


def test_the_tone_is_a_second_long_not_too_loud_and_does_not_click() -> None:
    with wave.open(io.BytesIO(tone())) as file:
        rate, samples = file.getframerate(), array("h", file.readframes(file.getnframes()))

    assert len(samples) == rate
    assert 8_000 < max(samples) < 9_000
    assert abs(samples[0]) < 50
    assert abs(samples[-1]) < 50
    crossings = sum(a < 0 <= b for a, b in pairwise(samples))
    assert abs(crossings - TONE_HZ) <= 2


def test_pcm_becomes_a_wav_file() -> None:
    with wave.open(io.BytesIO(as_wav(b"\x01\x00\x02\x00", 16_000))) as file:
        assert file.readframes(9) == b"\x01\x00\x02\x00"
