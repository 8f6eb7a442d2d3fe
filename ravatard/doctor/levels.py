"""Sound levels and defects of a recording: level, floor, clipping, offset, zeros. Pure."""

from __future__ import annotations

import audioop
import math
from dataclasses import dataclass

from ravatard.core.audio_format import SAMPLE_BYTES, bytes_for

_FULL = 32_768
#: From this amplitude on a sample counts as clipped.
_CLIPPED = 32_700
_FRAME_MS = 20
#: The quietest tenth of the frames is the room.
_FLOOR_SHARE = 0.1
NOTHING_DB = -120.0


@dataclass(frozen=True, slots=True)
class Levels:
    """Measurements of a recording.

    Attributes:
        loudest_db: the loudest 20 ms, RMS, dBFS (a full-scale square wave is 0).
        level_db: all of it, RMS, dBFS.
        floor_db: the quietest tenth, RMS, dBFS.
        peak_db: the largest sample, dBFS.
        clipped: frames of 20 ms that hold clipped samples, as a share of all.
        offset: the mean, as a share of full scale.
        zeros: every sample is exactly zero.
    """

    loudest_db: float
    level_db: float
    floor_db: float
    peak_db: float
    clipped: float
    offset: float
    zeros: bool


def levels(pcm: bytes) -> Levels:
    """Measure ``pcm`` (s16le mono 16 kHz); every level of silence is -120 dBFS."""
    size = bytes_for(_FRAME_MS)
    whole = len(pcm) - len(pcm) % SAMPLE_BYTES
    pcm = pcm[:whole]
    frames = [pcm[at : at + size] for at in range(0, max(1, len(pcm) - size + 1), size)]
    offset = audioop.avg(pcm, SAMPLE_BYTES) if pcm else 0
    # A DC offset is not sound: a microphone with a large one would never seem silent.
    loud = sorted(audioop.rms(audioop.bias(frame, SAMPLE_BYTES, -offset), SAMPLE_BYTES) for frame in frames)
    quiet = loud[: max(1, int(len(loud) * _FLOOR_SHARE))]
    peaks = [audioop.max(frame, SAMPLE_BYTES) for frame in frames]
    return Levels(
        loudest_db=decibels(loud[-1]),
        level_db=decibels(math.sqrt(sum(rms * rms for rms in loud) / len(loud))),
        floor_db=decibels(math.sqrt(sum(rms * rms for rms in quiet) / len(quiet))),
        peak_db=decibels(max(peaks)),
        clipped=sum(peak >= _CLIPPED for peak in peaks) / len(peaks),
        offset=offset / _FULL,
        zeros=not any(peaks),
    )


def decibels(amplitude: float) -> float:
    """Return the level in dBFS of an amplitude in 16-bit steps."""
    return max(NOTHING_DB, 20 * math.log10(amplitude / _FULL)) if amplitude > 0 else NOTHING_DB
