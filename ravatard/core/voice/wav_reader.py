"""Samples of a WAV file while its bytes arrive, as 16-bit mono.

Sound is handed on before the rest of the file has been downloaded, in every sample format that speech
services send. A recording on disk has a reader of its own.
"""

from __future__ import annotations

import audioop
import re
from array import array
from dataclasses import dataclass

from ravatard.core.audio.wav import RIFF_BYTES, SAMPLE_BYTES, WavHeader, WavShape, is_wav
from ravatard.core.voice.mono import MonoMix
from ravatard.errors import MediaError

_RIFF_WAVE = re.compile(rb"RIFF....WAVE", re.DOTALL)
#: Steps through headers, over all files in a row: about five a file.
_MOST_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class Samples:
    """Piece of the sound, in one sample format.

    Attributes:
        shape: sample format.
        pcm: whole frames, as they are stored.
    """

    shape: WavShape
    pcm: bytes


class WavReader:
    """Takes WAV files in pieces of any size; returns their samples, whole frames.

    Call :meth:`feed` with every piece, then :meth:`finish`. A length is believed only where it can be true:
    with 0, or one past the end, the sound goes on until the data end. Services that join the sound of several
    sentences send one file after another: the next header may follow the data, or chunks after the data, or
    stand within the stated length of the file before it. Its sample format may differ.
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
        self._steps = 0

    @property
    def shape(self) -> WavShape | None:
        """Format of the samples of the current file; None until its header has stated it."""
        return self._header.shape

    def feed(self, data: bytes) -> list[Samples]:
        """Return the samples in the next piece.

        Raises:
            UnknownCoding: a WAV file in a coding that only a decoder library knows.
            MediaError: no WAV file, or a broken one.
        """
        self._buffer += data
        found: list[Samples] = []
        while self._advance(found):
            pass
        return found

    def finish(self) -> list[Samples]:
        """Return the last samples: no more data come.

        Raises:
            MediaError: there was no sound in them.
        """
        if not self._any_samples and self._left is None:
            raise MediaError("the sound is a broken WAV file: it ends before its data begin")
        found: list[Samples] = []
        if self._left is not None and self.shape is not None:
            # Bytes that might have been the beginning of another file.
            self._take(self.shape, len(self._buffer), found, last=True)
        if not self._any_samples:
            raise MediaError("the sound is a WAV file without a single sample")
        return found

    def _advance(self, found: list[Samples]) -> bool:
        """Take the next thing out of the buffer; return False when more data are needed."""
        if self._left is None or self.shape is None:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                raise MediaError("the sound is a broken WAV file: it has more headers than sound")
            return self._step()
        end, another = _before_next_file(self._buffer)
        self._take(self.shape, end, found, last=another)
        if another:
            self._header, self._begun, self._left = WavHeader("the sound"), False, None
        return another

    def _take(self, shape: WavShape, count: int, found: list[Samples], *, last: bool) -> None:
        """Take the samples out of the next ``count`` bytes; ``last``: no more of this file come.

        Bytes after the data are for other programs.
        """
        left = self._left or 0.0
        within = int(min(count, left))
        whole = within - within % shape.frame_bytes
        if whole:
            found.append(Samples(shape, bytes(self._buffer[:whole])))
            self._any_samples = True
        self._left = left - whole if left - whole >= shape.frame_bytes else 0.0
        # A frame whose rest is still to come stays in the buffer.
        del self._buffer[: count if last or self._left == 0 else whole]

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


def _before_next_file(buffer: bytearray) -> tuple[int, bool]:
    """Return the bytes before the header of another file, and True if it is there.

    Without one these are all bytes but the last few, if they may be the beginning of one.
    """
    if another := _RIFF_WAVE.search(buffer):
        return another.start(), True
    start = max(0, len(buffer) - RIFF_BYTES + 1)
    if (at := buffer.find(b"RIFF", start)) >= 0:
        return at, False
    held = next(count for count in (3, 2, 1, 0) if buffer.endswith(b"RIFF"[:count]))
    return len(buffer) - held, False


class MonoMixer:
    """Turns whole frames of any shape into s16le mono of the same rate."""

    def __init__(self, shape: WavShape) -> None:
        self._shape = shape
        self._mix = MonoMix(shape.channels, shape.rate_hz)

    def convert(self, frames: bytes) -> bytes:
        """Return ``frames`` as s16le mono."""
        return self._mix.mix(self._as_s16(frames))

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
