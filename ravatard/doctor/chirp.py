"""Echo measurement: a chirp, and its delay, gain and tail in a recording."""

from __future__ import annotations

import array
import math
import sys
from dataclasses import dataclass

from ravatard.core.audio_format import RATE_HZ
from ravatard.errors import DeviceError
from ravatard.installation import adding

LENGTH_S = 0.5
#: Band in which small speakers still play and rooms are quietest.
_LOW_HZ, _HIGH_HZ = 400.0, 4_000.0
#: -12 dBFS: loud enough without startling.
_AMPLITUDE = 8_192
_EDGE_S = 0.02
#: Least correlation of a match: noise reaches 0.05, speech 0.13, the chirp in a ringing room still 0.5.
_HEARD = 0.2
#: The echo is over once it is no louder than this above the room.
_OVER_DB = 6.0
_FRAME = RATE_HZ // 50


@dataclass(frozen=True, slots=True)
class Echo:
    """Echo of the chirp in a recording.

    Attributes:
        heard: True if the chirp was found.
        match: correlation of the best match, 0 to 1.
        at_s: where it begins in the recording, seconds.
        gain_db: its level relative to the played chirp.
        tail_ms: how long the sound stays above the room after its end.
    """

    heard: bool
    match: float
    at_s: float = 0.0
    gain_db: float = 0.0
    tail_ms: float = 0.0


def chirp(rate_hz: int) -> bytes:
    """Return half a second rising from 400 to 4000 Hz with soft edges; s16le mono."""
    count = round(LENGTH_S * rate_hz)
    edge = round(_EDGE_S * rate_hz)
    samples = array.array("h")
    for number in range(count):
        t = number / rate_hz
        phase = 2 * math.pi * (_LOW_HZ * t + (_HIGH_HZ - _LOW_HZ) * t * t / (2 * LENGTH_S))
        soft = min(1.0, number / edge, (count - 1 - number) / edge)
        samples.append(round(_AMPLITUDE * soft * math.sin(phase)))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def find(pcm: bytes) -> Echo:
    """Find the chirp in ``pcm`` (s16le mono 16 kHz) with a matched filter.

    Raises:
        DeviceError: numpy is not installed.
    """
    try:
        import numpy as np
    except ImportError as error:
        raise DeviceError(f"measuring the echo needs numpy: {adding('resample')}") from error
    played = np.frombuffer(chirp(RATE_HZ), "<i2").astype(float)
    sound = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(float)
    if len(sound) < len(played):
        return Echo(heard=False, match=0.0)
    sound -= sound.mean()
    size = 1 << (len(sound) + len(played)).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(played, size))
    product = np.abs(np.fft.irfft(spectrum, size)[: len(sound) - len(played) + 1])
    # Normalised by the local energy: otherwise loud speech would match like a chirp.
    sums = np.concatenate(([0.0], np.cumsum(sound * sound)))
    energy = np.maximum(sums[len(played) :] - sums[: len(product)], len(played))
    alike = product / np.sqrt(energy * float(played @ played))
    at = int(alike.argmax())
    match = min(1.0, float(alike[at]))
    if match < _HEARD:
        return Echo(heard=False, match=match)
    gain = float(product[at]) / float(played @ played)
    tail_ms = _tail_ms(sound[at + len(played) :].tolist(), sound[:at].tolist())
    return Echo(True, match, at / RATE_HZ, 20 * math.log10(gain), tail_ms)


def _tail_ms(after: list[float], before: list[float]) -> float:
    """Return how long ``after`` stays louder than ``before``, or than its own median if that is empty."""
    frames, room = _loudness(after), sorted(_loudness(before) or _loudness(after))
    if not frames:
        return 0.0
    limit = room[len(room) // 2] * 10 ** (_OVER_DB / 20)
    over = next((number for number, loud in enumerate(frames) if loud <= limit), len(frames))
    return over * 1000 * _FRAME / RATE_HZ


def _loudness(samples: list[float]) -> list[float]:
    """Return the RMS of each whole 20 ms; never 0."""
    starts = range(0, len(samples) - _FRAME + 1, _FRAME)
    return [math.sqrt(1 + sum(one * one for one in samples[at : at + _FRAME]) / _FRAME) for at in starts]
