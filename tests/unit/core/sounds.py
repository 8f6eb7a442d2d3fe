"""Sounds whose nature is known, s16le mono 16 kHz: like a voice, a beep, a hiss, noise, a stroke, silence."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from functools import cache

from ravatard.core.audio_format import RATE_HZ, samples_for, silence

PITCH_SAMPLES = 100


def pcm(samples: Iterable[float]) -> bytes:
    values = [max(-32_768, min(32_767, round(sample))) for sample in samples]
    return struct.pack(f"<{len(values)}h", *values)


def quiet(duration_ms: float) -> bytes:
    return silence(samples_for(duration_ms))


@cache
def voice(duration_ms: float, amplitude: float = 8_000) -> bytes:
    """Glottal pulses 100 samples apart (160 Hz), each ringing at 700 Hz: many harmonics, few crossings."""
    pulse = [
        math.exp(-at / 40) * math.cos(2 * math.pi * 700 * at / RATE_HZ) * amplitude
        for at in range(PITCH_SAMPLES)
    ]
    return pcm(pulse[at % PITCH_SAMPLES] for at in range(samples_for(duration_ms)))


@cache
def beep(duration_ms: float, pitch_hz: float = 880, amplitude: float = 8_000) -> bytes:
    return pcm(
        amplitude * math.sin(2 * math.pi * pitch_hz * at / RATE_HZ) for at in range(samples_for(duration_ms))
    )


@cache
def hiss(duration_ms: float, amplitude: int = 8_000) -> bytes:
    """Differences of noise from a linear congruential generator: about 11 crossings a millisecond."""
    state, last, samples = 12_345, 0, []
    for _ in range(samples_for(duration_ms)):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        now = (state >> 16) % (2 * amplitude) - amplitude
        samples.append((now - last) / 2)
        last = now
    return pcm(samples)


@cache
def noise(duration_ms: float, amplitude: int = 8_000, seed: int = 12_345) -> bytes:
    """Numbers of a linear congruential generator: nothing in them comes again."""
    state, samples = seed, []
    for _ in range(samples_for(duration_ms)):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        samples.append((state >> 8) % (2 * amplitude) - amplitude)
    return pcm(samples)


@cache
def stroke(duration_ms: float, fall_db_per_ms: float = 0.6) -> bytes:
    """A voice's spectrum that dies away like a knock."""
    sound = struct.unpack(f"<{samples_for(duration_ms)}h", voice(duration_ms, 20_000))
    return pcm(x * 10 ** (-fall_db_per_ms * at / 16 / 20) for at, x in enumerate(sound))


def hears_sound(frame: bytes) -> bool:
    """A detector that takes everything but digital silence for speech."""
    return any(frame)
