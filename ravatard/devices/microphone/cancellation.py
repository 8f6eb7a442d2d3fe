"""Recognition of channels that cancel each other: their mean is silence although each of them holds sound.

Some microphones and adapters deliver the same sound twice, once upside down (a balanced signal on a stereo
jack).
"""

from __future__ import annotations

from collections.abc import Sequence

#: Every so many blocks one is examined.
_EVERY = 4
#: Sound that is examined before a judgement, in seconds of the stream.
_JUDGED_S = 1.0
#: Of the loudest channel, as a part of full scale, squared (-66 dBFS): quieter blocks are not sound.
_SOUND_ENERGY = 0.0005**2
#: The mean of independent channels has the mean of their energies, divided by their number. With less than
#: this part of that (-6 dB) they cancel; two channels do if one is 0.45 times the other, upside down.
_CANCELLED_SHARE = 0.25


class CancellationWatch:
    """Compares the energy of the channels' mean with their own, without offsets, over the blocks of sound."""

    def __init__(self) -> None:
        self._blocks = self._frames = 0
        self._mean = 0.0
        self._channels: list[float] = []

    def is_due(self) -> bool:
        """Return True if the next block is to be examined."""
        self._blocks += 1
        return self._blocks % _EVERY == 0

    def examine(self, mean: float, channels: Sequence[float], frames: int, rate_hz: int) -> int | None:
        """Take the energies of a block; return the channel to use instead of the mean, once that is known.

        Args:
            mean: energy of the mean of all channels; full scale is 1.
            channels: energy of each channel.
            frames: length of the block.
            rate_hz: frames a second.
        """
        if max(channels) < _SOUND_ENERGY:
            return None
        self._mean += mean
        before = self._channels or [0.0] * len(channels)
        self._channels = [old + new for old, new in zip(before, channels, strict=True)]
        self._frames += frames * _EVERY
        if self._frames < _JUDGED_S * rate_hz:
            return None
        sums, total = self._channels, self._mean
        self._mean, self._channels, self._frames = 0.0, [], 0
        if total >= _CANCELLED_SHARE * sum(sums) / len(sums) ** 2:
            return None
        return sums.index(max(sums))
