"""Conversion of a WAV file's samples to the voice's format; files in a row may differ in theirs."""

from __future__ import annotations

from ravatard.core.audio.wav import WavShape
from ravatard.core.voice.rate import To48k
from ravatard.core.voice.wav_reader import MonoMixer, Samples


class WavVoice:
    """Converts samples to s16le mono 48 kHz."""

    def __init__(self) -> None:
        self._shape: WavShape | None = None
        self._mixer: MonoMixer | None = None
        self._rate: To48k | None = None

    def convert(self, samples: Samples) -> bytes:
        """Return ``samples`` converted, after the rest of an earlier sample format."""
        before = b""
        if self._mixer is None or self._rate is None or samples.shape != self._shape:
            before = self.flush()
            self._shape = samples.shape
            self._mixer, self._rate = MonoMixer(samples.shape), To48k(samples.shape.rate_hz)
        return before + self._rate.convert(self._mixer.convert(samples.pcm))

    def flush(self) -> bytes:
        """Return the samples held back."""
        if self._rate is None:
            return b""
        rest, self._rate = self._rate.flush(), None
        return rest
