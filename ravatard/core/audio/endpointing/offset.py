"""Removal of a microphone's DC offset, and of its drift, where loudness is measured.

Per frame, in C: a filter with a memory, such as two poles by ``audioop.ratecv``, took six times as long as
the voice detector.
"""

from __future__ import annotations

import audioop
import struct
from array import array
from functools import cache

from ravatard.core.audio_format import SAMPLE_BYTES

#: A frame with a mean above this part of its RMS is more offset than sound; so many of them in a row, with
#: the same sign, show that there is an offset. Rumble does not: where it was removed, too, the gate of the
#: benchmark missed more speech in noise.
_MOSTLY = 0.7
_SHOWN_FRAMES = 10
#: It is then removed for so many frames, the pauses between loud words.
_KEPT_FRAMES = 250
#: A slope whose RMS is up to this part of the frame's is left in.
_SLIGHT = 1 / 8
#: A straight line that rises by 1 within a frame has this RMS.
_RAMP_RMS = 12**-0.5
_RAMP_TOP = 16_000


class OffsetRemover:
    """Removes mean and slope of each frame (s16le mono) while there is an offset, and else nothing."""

    def __init__(self) -> None:
        self._mean_before = 0
        self._shown = self._kept = 0

    def remove(self, frame: bytes) -> tuple[bytes, int]:
        """Return the next frame without its offset, and the RMS of that."""
        mean, rms = audioop.avg(frame, SAMPLE_BYTES), audioop.rms(frame, SAMPLE_BYTES)
        rise, self._mean_before = mean - self._mean_before, mean
        if abs(mean) > _MOSTLY * rms:
            # The same sign as the mean before.
            self._shown = self._shown + 1 if mean * (mean - rise) > 0 else 1
            if self._shown >= _SHOWN_FRAMES:
                self._kept = _KEPT_FRAMES
        else:
            self._shown = 0
            self._kept -= 1
        if self._kept <= 0:
            return frame, rms
        # Adding clips; audioop.bias would wrap a loud sample around.
        constant = struct.pack("<h", min(32_767, -mean)) * (len(frame) // SAMPLE_BYTES)
        frame = audioop.add(frame, constant, SAMPLE_BYTES)
        rms = audioop.rms(frame, SAMPLE_BYTES)
        if abs(rise) * _RAMP_RMS > rms * _SLIGHT:
            ramp = _ramp(len(frame) // SAMPLE_BYTES)
            factor = audioop.findfactor(frame, ramp)
            frame = audioop.add(frame, audioop.mul(ramp, SAMPLE_BYTES, -factor), SAMPLE_BYTES)
            rms = audioop.rms(frame, SAMPLE_BYTES)
        return frame, rms


@cache
def _ramp(samples: int) -> bytes:
    """Return a straight line around zero."""
    middle = (samples - 1) / 2 or 1
    return array("h", [round(_RAMP_TOP * (at - middle) / middle) for at in range(samples)]).tobytes()
