"""Samples of a WAV file while its bytes arrive, as 16-bit mono.

Sound is handed on before the rest of the file has been downloaded, in every sample format that speech
services send. :mod:`ravatard.devices.media.wav_file` is for files on disk.
"""

from __future__ import annotations

import audioop
from array import array

from ravatard.core.audio.wav import RIFF_BYTES, SAMPLE_BYTES, WavHeader, WavShape, is_wav
from ravatard.errors import MediaError


class WavReader:
    """Takes a WAV file in pieces of any size; returns its samples, whole frames.

    Call :meth:`feed` with every piece, then :meth:`finish`. A length is believed only where it can be true:
    with 0, or one past the end, the sound goes on until the data end.
    """

    def __init__(self) -> None:
        self._header = WavHeader("the sound")
        self._buffer = bytearray()
        self._begun = False
        #: Bytes still to pass over.
        self._skip = 0
        #: Bytes of sound still to come; None before the data chunk.
        self._left: float | None = None
        self._any_samples = False

    @property
    def shape(self) -> WavShape | None:
        """Format of the samples; None until the header has stated it."""
        return self._header.shape

    def feed(self, data: bytes) -> bytes:
        """Return the samples in the next piece, as they are stored.

        Raises:
            UnknownCoding: a WAV file in a coding that only a decoder library knows.
            MediaError: no WAV file, or a broken one.
        """
        self._buffer += data
        while self._left is None or self.shape is None:
            if not self._step():
                return b""
        count = int(min(len(self._buffer), self._left))
        count -= count % self.shape.frame_bytes
        samples = bytes(self._buffer[:count])
        # Chunks after the data are for other programs.
        del self._buffer[: count if len(self._buffer) < self._left else len(self._buffer)]
        self._left -= count
        if self._left < self.shape.frame_bytes:
            self._left = 0.0
            self._buffer.clear()
        self._any_samples = self._any_samples or bool(samples)
        return samples

    def finish(self) -> None:
        """No more data come.

        Raises:
            MediaError: there was no sound in them.
        """
        if self._left is None:
            raise MediaError("the sound is a broken WAV file: it ends before its data begin")
        if not self._any_samples:
            raise MediaError("the sound is a WAV file without a single sample")

    def _step(self) -> bool:
        """Take one thing out of the header; return False when more data are needed."""
        if self._skip:
            passed = min(self._skip, len(self._buffer))
            del self._buffer[:passed]
            self._skip -= passed
            return not self._skip
        if not self._begun:
            if len(self._buffer) < RIFF_BYTES:
                return False
            if not is_wav(self._buffer):
                raise MediaError("the sound is not a WAV file: it does not begin with RIFF and WAVE")
            self._skip, self._begun = RIFF_BYTES, True
            return True
        advance = self._header.step(self._buffer)
        if advance is None:
            return False
        if self._header.in_data:
            del self._buffer[:advance]
            stated = self._header.data_bytes
            self._left = float("inf") if stated is None else float(stated)
        else:
            self._skip = advance
        return True


class MonoMixer:
    """Turns whole frames of any shape into s16le mono of the same rate: the mean of all channels."""

    def __init__(self, shape: WavShape) -> None:
        self._shape = shape

    def convert(self, frames: bytes) -> bytes:
        """Return ``frames`` as s16le mono."""
        pcm = self._as_s16(frames)
        channels = self._shape.channels
        if channels == 1:
            return pcm
        if channels == 2:
            return bytes(audioop.tomono(pcm, 2, 0.5, 0.5))
        one = memoryview(pcm).cast("h")
        mixed = bytes(len(pcm) // channels)
        for channel in range(channels):
            mixed = audioop.add(mixed, audioop.mul(one[channel::channels].tobytes(), 2, 1 / channels), 2)
        return mixed

    def _as_s16(self, frames: bytes) -> bytes:
        match self._shape.coding:
            case "s16":
                return frames
            case "u8":
                return bytes(audioop.lin2lin(audioop.bias(frames, 1, 128), 1, 2))
            case "alaw":
                return bytes(audioop.alaw2lin(frames, 2))
            case "ulaw":
                return bytes(audioop.ulaw2lin(frames, 2))
            case "f32" | "f64" as coding:
                return _from_floats(array("f" if coding == "f32" else "d", frames))
            case coding:
                return bytes(audioop.lin2lin(frames, SAMPLE_BYTES[coding], 2))


def _from_floats(samples: array[float]) -> bytes:
    """Return -1 to 1 as 16 bits. Values beyond are clipped, NaN is silence."""
    return array(
        "h",
        [
            round(x * 32767) if -1.0 <= x <= 1.0 else 32767 if x > 1.0 else -32767 if x < -1.0 else 0
            for x in samples
        ],
    ).tobytes()
