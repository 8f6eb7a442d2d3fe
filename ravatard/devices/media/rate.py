"""Mono sound of any rate at 48 kHz, without numpy: a windowed-sinc filter made of ``audioop``'s loops in C.

Importing numpy takes longer than the first sample of an answer may. Linear interpolation alone, all that
``audioop`` offers, mirrors speech into the band above it: a 24 kHz voice gets a hiss of its own.
"""

from __future__ import annotations

import audioop
import math

from ravatard.core.audio_format import VOICE_RATE_HZ

#: Samples on each side that a new one is made of; and Kaiser's shape: 60 dB down beside the passband.
_REACH = 8
_BETA = 6.0
#: Rates that do not divide 48 kHz are left to linear interpolation from here: its error is 60 dB down at
#: 2.5 kHz and 34 dB at 11 kHz, where there is no speech. Twice as much would cost twice as much.
_INTERPOLATED_FROM_HZ = 88_200


class To48k:
    """s16le mono at ``rate_hz`` in, at 48 kHz out; the same however the stream is cut."""

    def __init__(self, rate_hz: int) -> None:
        self._factor = _factor(rate_hz)
        self._inner_hz = rate_hz * self._factor
        self._same = rate_hz == VOICE_RATE_HZ
        # Going down, what 48 kHz cannot hold is filtered out first: a longer filter at the higher rate.
        passed = min(1.0, VOICE_RATE_HZ / rate_hz)
        self._reach = math.ceil(_REACH / passed)
        self._phases = [_taps(phase / self._factor, self._reach, passed) for phase in range(self._factor)]
        self._held = bytes(4 * (self._reach - 1))
        self._state: tuple[int, tuple[tuple[int, int], ...]] | None = None

    def convert(self, pcm: bytes) -> bytes:
        """The next piece, whole samples; some 8 samples are held back."""
        if self._same:
            return pcm
        # 32 bits inside, so that rounding is only done once.
        self._held += audioop.lin2lin(pcm, 2, 4)
        count = len(self._held) // 4 - (2 * self._reach - 1)
        if count <= 0:
            return b""
        made = bytearray(2 * count * self._factor)
        samples = memoryview(made).cast("h")
        for phase, taps in enumerate(self._phases):
            samples[phase :: self._factor] = memoryview(self._filtered(taps, count)).cast("h")
        self._held = self._held[4 * count :]
        if self._inner_hz == VOICE_RATE_HZ:
            return bytes(made)
        voice, self._state = audioop.ratecv(made, 2, 1, self._inner_hz, VOICE_RATE_HZ, self._state)
        return bytes(voice)

    def flush(self) -> bytes:
        """What was held back; nothing may be converted afterwards."""
        return b"" if self._same else self.convert(bytes(2 * self._reach))

    def _filtered(self, taps: list[float], count: int) -> bytes:
        held = memoryview(self._held)
        total = bytes(4 * count)
        for at, tap in enumerate(taps):
            if abs(tap) < 1e-7:
                continue
            # A quarter, so that no sum on the way is cut; the last step is, where it must.
            total = audioop.add(total, audioop.mul(held[4 * at : 4 * (at + count)], 4, tap / 4), 4)
        return bytes(audioop.lin2lin(audioop.mul(total, 4, 4.0), 4, 2))


def _factor(rate_hz: int) -> int:
    """How many samples the filter makes of one."""
    for factor in range(1, VOICE_RATE_HZ * 2 // rate_hz + 1):
        if rate_hz * factor % VOICE_RATE_HZ == 0:
            return factor
    return max(1, math.ceil(_INTERPOLATED_FROM_HZ / rate_hz))


def _taps(offset: float, reach: int, passed: float) -> list[float]:
    """The weights of ``2 * reach`` neighbours for the moment ``offset`` samples after the middle one.

    Args:
        offset: 0 to 1 samples.
        reach: neighbours on each side.
        passed: what passes, as a part of the input's band.
    """
    weights = []
    for at in range(2 * reach):
        distance = at - (reach - 1) - offset
        angle = math.pi * distance * passed
        ideal = math.sin(angle) / angle if abs(angle) > 1e-9 else 1.0
        inside = 1.0 - (distance / reach) ** 2
        window = _bessel(_BETA * math.sqrt(inside)) / _bessel(_BETA) if inside > 0 else 0.0
        weights.append(ideal * window)
    # Each of them adds up to exactly one: otherwise a constant would come out as a tone.
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _bessel(x: float) -> float:
    """The modified Bessel function of order 0, which Kaiser's window is made of."""
    return math.fsum((x / 2) ** (2 * k) / math.factorial(k) ** 2 for k in range(25))
