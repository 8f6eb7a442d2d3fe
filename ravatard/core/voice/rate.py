"""Resampling of mono sound to 48 kHz, of speech to 24 kHz, without numpy: a windowed-sinc filter.

Its loops in C are those of ``audioop``.

Importing numpy would delay the first sample of an answer too much. Linear interpolation alone, all that
``audioop`` offers, mirrors speech into the band above it: a 24 kHz voice hisses.
"""

from __future__ import annotations

import audioop
import math

from ravatard.core.audio_format import VOICE_RATE_HZ

#: Input samples on each side of a new one; and Kaiser's beta: 60 dB of attenuation beside the passband.
_REACH = 8
_BETA = 6.0
#: A smaller weight changes no sample.
_NOTHING = 1e-7
#: Rates that do not divide 48 kHz are filtered to this rate or higher, then interpolated linearly, with an
#: error of -60 dB at 2.5 kHz and -34 dB at 11 kHz, where there is no speech. Twice the rate costs twice as
#: much.
_INTERPOLATED_FROM_HZ = 88_200


class To48k:
    """Converts s16le mono at ``rate_hz`` to 48 kHz; the output is the same however the stream is cut."""

    def __init__(self, rate_hz: int) -> None:
        self._factor = _factor(rate_hz)
        self._inner_hz = rate_hz * self._factor
        self._same = rate_hz == VOICE_RATE_HZ
        # Downwards, frequencies that 48 kHz cannot hold are filtered out: a longer filter at the higher rate.
        passed = min(1.0, VOICE_RATE_HZ / rate_hz)
        self._reach = math.ceil(_REACH / passed)
        self._phases = [_taps(phase / self._factor, self._reach, passed) for phase in range(self._factor)]
        self._held = bytes(4 * (self._reach - 1))
        self._state: tuple[int, tuple[tuple[int, int], ...]] | None = None

    def convert(self, pcm: bytes) -> bytes:
        """Return the next piece converted, whole samples; some 8 samples are held back."""
        if self._same:
            return pcm
        # 32 bits inside, so that samples are rounded only once.
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
        """Return the samples held back; nothing may be converted afterwards."""
        return b"" if self._same else self.convert(bytes(2 * self._reach))

    def _filtered(self, taps: list[float], count: int) -> bytes:
        held = memoryview(self._held)
        total = bytes(4 * count)
        for at, tap in enumerate(taps):
            if abs(tap) < _NOTHING:
                continue
            # A quarter, so that no intermediate sum is clipped; only the last step clips.
            total = audioop.add(total, audioop.mul(held[4 * at : 4 * (at + count)], 4, tap / 4), 4)
        return _rounded(total)


class From16kTo24k:
    """Converts s16le mono of 16 kHz to 24 kHz; the output is the same however the stream is cut.

    Of two samples three are made. What 16 kHz holds ends below half of 24 kHz, so that nothing is mirrored.
    It takes a third of the time of a way over 48 kHz: the user's voice waits for it.
    """

    def __init__(self) -> None:
        # The third sample lies a third behind the second one of the two.
        self._ways = [(_taps(at * 2 / 3 % 1, _REACH, 1.0), at * 2 // 3) for at in range(3)]
        self._held = bytes(4 * (_REACH - 1))

    def convert(self, pcm: bytes) -> bytes:
        """Return the next piece converted, whole samples; some 9 samples are held back."""
        # 32 bits inside, so that samples are rounded only once.
        self._held += audioop.lin2lin(pcm, 2, 4)
        pairs = (len(self._held) // 4 - (2 * _REACH - 1)) // 2
        if pairs <= 0:
            return b""
        held = memoryview(self._held).cast("i")
        # Neighbours of every second sample are every second sample: they are laid side by side once.
        halves = [memoryview(held[first::2].tobytes()) for first in range(2)]
        made = bytearray(2 * 3 * pairs)
        samples = memoryview(made).cast("h")
        for place, (taps, first) in enumerate(self._ways):
            total = bytes(4 * pairs)
            for at, tap in enumerate(taps, first):
                if abs(tap) >= _NOTHING:
                    total = audioop.add(
                        total, audioop.mul(halves[at % 2][4 * (at // 2) :][: 4 * pairs], 4, tap / 4), 4
                    )
            samples[place::3] = memoryview(_rounded(total)).cast("h")
        self._held = self._held[8 * pairs :]
        return bytes(made)

    def flush(self) -> bytes:
        """Return the samples held back; nothing may be converted afterwards."""
        return self.convert(bytes(2 * (_REACH + 1)))


def _rounded(total: bytes) -> bytes:
    """Return the samples of a sum of quarters, s16le."""
    return bytes(audioop.lin2lin(audioop.mul(total, 4, 4.0), 4, 2))


def _factor(rate_hz: int) -> int:
    """Return how many samples the filter makes of one."""
    for factor in range(1, VOICE_RATE_HZ * 2 // rate_hz + 1):
        if rate_hz * factor % VOICE_RATE_HZ == 0:
            return factor
    return max(1, math.ceil(_INTERPOLATED_FROM_HZ / rate_hz))


def _taps(offset: float, reach: int, passed: float) -> list[float]:
    """Return the weights of ``2 * reach`` neighbours for the moment ``offset`` samples after the middle one.

    Args:
        offset: 0 to 1 samples.
        reach: neighbours on each side.
        passed: passband, as a part of the input's band.
    """
    weights = []
    for at in range(2 * reach):
        distance = at - (reach - 1) - offset
        angle = math.pi * distance * passed
        ideal = math.sin(angle) / angle if abs(angle) > 1e-9 else 1.0
        inside = 1.0 - (distance / reach) ** 2
        window = _bessel(_BETA * math.sqrt(inside)) / _bessel(_BETA) if inside > 0 else 0.0
        weights.append(ideal * window)
    # The weights add up to exactly one: otherwise a constant would become a tone.
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _bessel(x: float) -> float:
    """Return the modified Bessel function of order 0, for Kaiser's window."""
    return math.fsum((x / 2) ** (2 * k) / math.factorial(k) ** 2 for k in range(25))
