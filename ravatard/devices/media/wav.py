"""The header of a WAV file as its bytes arrive, and its samples as 16-bit mono.

The reader of :mod:`ravatard.devices.media.wav_file` looks around in a whole file; here sound is handed on before
the rest of it has been downloaded, and whatever shape a speech service chooses is taken.
"""

from __future__ import annotations

import audioop
import struct
from array import array
from dataclasses import dataclass

from ravatard.errors import MediaError

#: mmreg.h: the format tags that are understood here.
_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 0x0001, 0x0003, 0x0006, 0x0007, 0xFFFE
#: ksmedia.h: a KSDATAFORMAT_SUBTYPE is its format tag followed by these bytes.
_SUBTYPE_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_CODINGS = {
    (_PCM, 8): "u8",
    (_PCM, 16): "s16",
    (_PCM, 24): "s24",
    (_PCM, 32): "s32",
    (_FLOAT, 32): "f32",
    (_FLOAT, 64): "f64",
    (_ALAW, 8): "alaw",
    (_ULAW, 8): "ulaw",
}
_SAMPLE_BYTES = {"u8": 1, "alaw": 1, "ulaw": 1, "s16": 2, "s24": 3, "s32": 4, "f32": 4, "f64": 8}
_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FMT = struct.Struct("<HHIIHH")
#: The whole of WAVE_FORMAT_EXTENSIBLE; what follows in the chunk says nothing about the samples.
_MOST_FMT_BYTES = 40
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 4_000, 384_000
MOST_CHANNELS = 32
#: Chunks before the data; a file of zeros is one empty chunk every eight bytes.
_MOST_CHUNKS = 1_000


class UnknownCoding(MediaError):
    """A sound WAV file whose samples are packed in a way only a decoder library knows."""


@dataclass(frozen=True, slots=True)
class WavShape:
    """What the samples of a WAV file are.

    Attributes:
        rate_hz: frames a second.
        channels: interleaved channels.
        coding: "u8", "s16", "s24", "s32", "f32", "f64", "alaw" or "ulaw"; little-endian.
    """

    rate_hz: int
    channels: int
    coding: str

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return _SAMPLE_BYTES[self.coding] * self.channels


def is_wav(head: bytes) -> bool:
    """Whether a file that begins with ``head`` (12 bytes or more) says it is RIFF WAVE."""
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


class WavReader:
    """Takes a WAV file in pieces of any size; gives its samples back, whole frames.

    Call :meth:`feed` with every piece, then :meth:`finish`. Lengths are believed only where they can be true:
    0 and anything past the end mean that the sound goes on until the data end.

    Attributes:
        shape: what the samples are; None until the header has said it.
    """

    def __init__(self) -> None:
        self.shape: WavShape | None = None
        self._held = bytearray()
        self._begun = False
        self._chunks = 0
        #: Bytes still to pass over.
        self._skip = 0
        #: Bytes of sound still to come; None before the data chunk.
        self._left: float | None = None
        self._any = False

    def feed(self, data: bytes) -> bytes:
        """The samples in the next piece, as they are stored.

        Raises:
            UnknownCoding: a WAV file, but of samples that are packed.
            MediaError: no WAV file, or a broken one.
        """
        self._held += data
        while self._left is None:
            if not self._step():
                return b""
        if self.shape is None:
            raise MediaError("the sound is a broken WAV file: its data come before their format")
        count = int(min(len(self._held), self._left))
        count -= count % self.shape.frame_bytes
        samples = bytes(self._held[:count])
        # What follows the data is for other programs.
        del self._held[: count if len(self._held) < self._left else len(self._held)]
        self._left -= count
        if self._left < self.shape.frame_bytes:
            self._left = 0.0
            self._held.clear()
        self._any = self._any or bool(samples)
        return samples

    def finish(self) -> None:
        """No more data come.

        Raises:
            MediaError: there was no sound in them.
        """
        if self._left is None:
            raise MediaError("the sound is a broken WAV file: it ends before its data begin")
        if not self._any:
            raise MediaError("the sound is a WAV file without a single sample")

    def _step(self) -> bool:
        """Take one thing out of the header; False when more data are needed."""
        if self._skip:
            passed = min(self._skip, len(self._held))
            del self._held[:passed]
            self._skip -= passed
            return not self._skip
        if not self._begun:
            return self._begin()
        if len(self._held) < _CHUNK.size:
            return False
        name, length = _CHUNK.unpack_from(self._held)
        if name == b"data":
            del self._held[: _CHUNK.size]
            self._left = float(length) if length not in (0, 0xFFFFFFFF) else float("inf")
            return True
        if name == b"fmt ":
            needed = min(length, _MOST_FMT_BYTES)
            if len(self._held) < _CHUNK.size + needed:
                return False
            self.shape = _shape(bytes(self._held[_CHUNK.size : _CHUNK.size + needed]))
        self._chunks += 1
        if self._chunks > _MOST_CHUNKS:
            raise MediaError(f"the sound is a broken WAV file: {_MOST_CHUNKS} chunks and no data among them")
        self._skip = _CHUNK.size + length + (length & 1)
        return True

    def _begin(self) -> bool:
        if len(self._held) < _RIFF.size:
            return False
        if not is_wav(bytes(self._held[: _RIFF.size])):
            raise MediaError("the sound is not a WAV file: it does not begin with RIFF and WAVE")
        self._skip, self._begun = _RIFF.size, True
        return True


def _shape(chunk: bytes) -> WavShape:
    if len(chunk) < _FMT.size:
        raise MediaError("the sound is a broken WAV file: its format is cut off")
    tag, channels, rate_hz, _, _, bits = _FMT.unpack_from(chunk)
    if tag == _EXTENSIBLE and chunk[26:40] == _SUBTYPE_TAIL:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    coding = _CODINGS.get((tag, bits))
    if coding is None:
        raise UnknownCoding(f"the sound is a WAV file of {bits}-bit samples of format {tag:#06x}")
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ or not 1 <= channels <= MOST_CHANNELS:
        raise MediaError(
            f"the sound is a WAV file of {channels} channels at {rate_hz} Hz; understood are 1 to "
            f"{MOST_CHANNELS} channels at {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz"
        )
    return WavShape(rate_hz, channels, coding)


class MonoMixer:
    """Whole frames of any shape become s16le mono of the same rate: the mean of all channels."""

    def __init__(self, shape: WavShape) -> None:
        self._shape = shape

    def convert(self, frames: bytes) -> bytes:
        """``frames`` as s16le mono."""
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
                return bytes(audioop.lin2lin(frames, _SAMPLE_BYTES[coding], 2))


def _from_floats(samples: array[float]) -> bytes:
    """-1 to 1 as 16 bits. What is beyond is cut, what is no number is silence."""
    return array(
        "h",
        [
            round(x * 32767) if -1.0 <= x <= 1.0 else 32767 if x > 1.0 else -32767 if x < -1.0 else 0
            for x in samples
        ],
    ).tobytes()
