"""What is done to an answer on its way out: earcons are laid over it, and the volume is applied; no I/O."""

from __future__ import annotations

import audioop

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ

#: A change of the volume takes so long, in so many steps: at once it would be a click.
_RAMP_SAMPLES = 10 * VOICE_RATE_HZ // 1000
_STEP_SAMPLES = 30


def gain(percent: int) -> float:
    """The factor for a volume: its cube, which the ear takes for even; 50 % is -18 dB, 100 % is all."""
    return (min(100, max(0, percent)) / 100) ** 3


class Mixer:
    """Lays earcons over the sound of answers, both at the volume that is set. Sound is s16le mono 48 kHz."""

    def __init__(self, volume: float) -> None:
        """``volume``: the factor to begin with."""
        self._gain = self._wanted = volume
        self._cues: list[bytes] = []

    @property
    def is_idle(self) -> bool:
        """Whether no earcon sounds."""
        return not self._cues

    def set_gain(self, wanted: float) -> None:
        """Go to this factor, within 10 ms of sound."""
        self._wanted = wanted

    def cue(self, pcm: bytes) -> None:
        """Lay ``pcm`` over what is played from the next block on."""
        if pcm:
            self._cues.append(pcm)

    def mix(self, block: bytes | None, samples: int) -> bytes | None:
        """What is heard of ``block``; None is ``samples`` of silence, on either side."""
        for cue in self._cues:
            part = cue[: samples * SAMPLE_BYTES].ljust(samples * SAMPLE_BYTES, b"\0")
            block = part if block is None else audioop.add(block, part, SAMPLE_BYTES)
        if self._cues:
            rest = (cue[samples * SAMPLE_BYTES :] for cue in self._cues)
            self._cues = [cue for cue in rest if cue]
        if block is None:
            # Silence is as loud at any volume.
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
