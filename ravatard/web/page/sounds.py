"""Sounds of the page, as WAV files: a test tone, a test recording, and digits that are spoken."""

from __future__ import annotations

import math
from array import array

from ravatard.core.audio.wav import wav_header
from ravatard.core.audio_format import AudioFormat

TONE_HZ = 440.0
TONE_S = 1.0
TONE_RATE_HZ = 16_000
#: As loud as the earcons are: -12 dBFS at its peaks.
_PEAK = 8_230
_FADE_S = 0.02


def test_tone() -> bytes:
    """Return one second of a tone, faded in and out so that it does not click."""
    count = round(TONE_S * TONE_RATE_HZ)
    fade = _FADE_S * TONE_RATE_HZ
    samples = array("h")
    for at in range(count):
        gain = min(1.0, at / fade, (count - at) / fade)
        samples.append(round(_PEAK * gain * math.sin(2 * math.pi * TONE_HZ * at / TONE_RATE_HZ)))
    return as_wav(samples.tobytes(), TONE_RATE_HZ)


def as_wav(pcm: bytes, rate_hz: int) -> bytes:
    """Return s16le mono as a WAV file."""
    return wav_header(AudioFormat(rate_hz), len(pcm)) + pcm
