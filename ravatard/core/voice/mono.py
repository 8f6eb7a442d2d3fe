"""Mean of the channels of an answer; one of them where they cancel each other.

Some voices come as stereo with one channel upside down: their mean is silence.
"""

from __future__ import annotations

import audioop

#: Sound that is judged at once: the beginning of an answer must not be lost.
_JUDGED_S = 0.02
#: Of the loudest channel, in steps of 16 bits, squared (-66 dBFS): quieter sound is not judged.
_SOUND_ENERGY = 16.0**2
#: The mean of independent channels has the mean of their energies, divided by their number. With less than
#: this part of that (-10 dB) they cancel each other.
_CANCELLED_SHARE = 0.1


class MonoMix:
    """Turns interleaved s16le of one stream into mono.

    Attributes:
        chosen: channel that is used since the channels have cancelled each other; None: the mean of all.
    """

    def __init__(self, channels: int, rate_hz: int) -> None:
        """Begin with the mean of ``channels``."""
        self.chosen: int | None = None
        self._channels = channels
        self._judged_frames = int(_JUDGED_S * rate_hz)
        self._frames = 0
        self._mean = 0.0
        self._sums = [0.0] * channels

    def mix(self, pcm: bytes) -> bytes:
        """Return whole frames as mono."""
        if self._channels == 1 or not pcm:
            return pcm
        samples = memoryview(pcm).cast("h")
        if self.chosen is not None:
            return samples[self.chosen :: self._channels].tobytes()
        each = [samples[at :: self._channels].tobytes() for at in range(self._channels)]
        mixed = bytes(len(each[0]))
        for one in each:
            mixed = audioop.add(mixed, audioop.mul(one, 2, 1 / self._channels), 2)
        self._judge(mixed, each)
        return mixed if self.chosen is None else each[self.chosen]

    def _judge(self, mixed: bytes, each: list[bytes]) -> None:
        energies = [_energy(one) for one in each]
        if max(energies) < _SOUND_ENERGY:
            return
        frames = len(mixed) // 2
        self._frames += frames
        self._mean += _energy(mixed) * frames
        self._sums = [total + one * frames for total, one in zip(self._sums, energies, strict=True)]
        if self._frames < self._judged_frames:
            return
        if self._mean < _CANCELLED_SHARE * sum(self._sums) / self._channels**2:
            self.chosen = self._sums.index(max(self._sums))
        self._frames, self._mean, self._sums = 0, 0.0, [0.0] * self._channels


def _energy(pcm: bytes) -> float:
    """Return the energy of one channel, without its offset."""
    return float(audioop.rms(audioop.bias(pcm, 2, -audioop.avg(pcm, 2)), 2) ** 2)
