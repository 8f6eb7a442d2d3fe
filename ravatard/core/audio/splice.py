"""Inaudible cuts in sound (s16le mono): fades, and single samples left out or doubled."""

from __future__ import annotations

from array import array


def faded(pcm: bytes, *, out: bool) -> bytes:
    """Return ``pcm`` faded from full to nothing (``out``), or from nothing to full."""
    samples = array("h", pcm)
    count = len(samples)
    for at in range(count):
        samples[at] = samples[at] * (count - at if out else at) // (count + 1)
    return samples.tobytes()


def slipped(pcm: bytes, slip: int) -> bytes:
    """Return ``pcm`` without one sample (``slip`` 1) or with one doubled (-1), where two are closest."""
    samples = array("h", pcm)
    if len(samples) < 2:
        return pcm
    at = min(range(len(samples) - 1), key=lambda each: abs(samples[each] - samples[each + 1]))
    if slip > 0:
        del samples[at]
    else:
        samples.insert(at, samples[at])
    return samples.tobytes()
