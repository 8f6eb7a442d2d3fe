"""Mixer of the speaker: adds earcons to the sound of answers and applies the volume; no I/O."""

from __future__ import annotations

import audioop

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ

#: A change of the volume takes this long, in steps: at once it would be a click.
_RAMP_SAMPLES = 10 * VOICE_RATE_HZ // 1000
_STEP_SAMPLES = 30


def gain(percent: int) -> float:
    """Return the factor for a volume: its cube, perceived as even; 50 % is -18 dB, 100 % is 1."""
    return (min(100, max(0, percent)) / 100) ** 3


class Mixer:
    """Adds earcons to the sound of answers, both at the volume that is set. Sound is s16le mono 48 kHz."""

    def __init__(self, volume: float) -> None:
        """``volume``: the factor to begin with."""
        self._gain = self._wanted = volume
        self._earcons: list[bytes] = []

    @property
    def is_idle(self) -> bool:
        """True while no earcon plays."""
        return not self._earcons

    def set_gain(self, wanted: float) -> None:
        """Change to this factor, within 10 ms of sound."""
        self._wanted = wanted

    def add_earcon(self, pcm: bytes) -> None:
        """Mix ``pcm`` in from the next block on."""
        if pcm:
            self._earcons.append(pcm)

    def mix(self, block: bytes | None, samples: int) -> bytes | None:
        """Return ``block`` with earcons and volume; None is ``samples`` of silence, in and out."""
        for earcon in self._earcons:
            part = earcon[: samples * SAMPLE_BYTES].ljust(samples * SAMPLE_BYTES, b"\0")
            block = part if block is None else audioop.add(block, part, SAMPLE_BYTES)
        if self._earcons:
            rest = (earcon[samples * SAMPLE_BYTES :] for earcon in self._earcons)
            self._earcons = [earcon for earcon in rest if earcon]
        if block is None:
            # Silence needs no ramp.
            self._gain = self._wanted
            return None
        if self._gain != self._wanted:
            return self._ramped(block)
        return block if self._gain == 1.0 else audioop.mul(block, SAMPLE_BYTES, self._gain)

    def _ramped(self, block: bytes) -> bytes:
        ramp = min(len(block), _RAMP_SAMPLES * SAMPLE_BYTES)
        size = _STEP_SAMPLES * SAMPLE_BYTES
        steps = range(0, ramp, size)
        parts = []
        for number, at in enumerate(steps, 1):
            factor = self._gain + (self._wanted - self._gain) * number / len(steps)
            parts.append(audioop.mul(block[at : min(at + size, ramp)], SAMPLE_BYTES, factor))
        self._gain = self._wanted
        parts.append(audioop.mul(block[ramp:], SAMPLE_BYTES, self._gain))
        return b"".join(parts)
