"""Conversion of a source's sound to 16 kHz mono s16le; imported only for other shapes.

Integers that only need fewer bits or channels go through ``audioop`` (C, hardly any memory). Floats, the mean
of more than two channels, and other rates need numpy, other rates also soxr: the extra ``resample``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ravatard.core.audio_format import RATE_HZ, SPEECH, AudioFormat
from ravatard.devices.microphone.cancellation import CancellationWatch
from ravatard.errors import DeviceError
from ravatard.installation import adding

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray


class Converter(Protocol):
    """Turns one stream of PCM into another.

    Attributes:
        chosen: channel that is used because all of them cancel each other; None: they do not, or one is
            configured.
    """

    chosen: int | None

    def convert(self, pcm: bytes) -> bytes:
        """Return ``pcm`` (whole frames of the source) as s16le mono 16 kHz; may hold some samples back."""
        ...


def converter_for(shape: AudioFormat, channel: int | None) -> Converter | None:
    """Return the converter from ``shape`` to 16 kHz mono s16le; None if ``shape`` is that already.

    Args:
        shape: format that the source delivers.
        channel: channel to use, counted from 0; None takes the mean of all.

    Raises:
        DeviceError: there is no such channel, or the extra that this conversion needs is not installed.
    """
    if channel is not None and channel >= shape.channels:
        raise DeviceError(
            f"capture.channel is {channel}, but the microphone delivers {shape.channels}, counted from 0; "
            f"use at most {shape.channels - 1}"
        )
    if shape == SPEECH:
        return None
    simple = shape.rate_hz == RATE_HZ and shape.sample_format != "f32le"
    if simple and (channel is not None or shape.channels <= 2):
        return IntegerConverter(shape, channel)
    return FloatConverter(shape, channel)


class IntegerConverter:
    """Reduces bits and channels of integers, at 16 kHz."""

    def __init__(self, shape: AudioFormat, channel: int | None) -> None:
        import audioop

        self._audioop: ModuleType = audioop
        self._width = shape.sample_bytes
        self._channels = shape.channels
        self._channel = channel
        self.chosen: int | None = None
        self._watch = CancellationWatch()

    def convert(self, pcm: bytes) -> bytes:
        """Return ``pcm`` as s16le mono; the lower bits are dropped."""
        if self._channels == 2 and self._channel is None and self._watch.is_due():
            self._examine(pcm)
        if self._channels == 2 and self._channel is None:
            pcm = self._audioop.tomono(pcm, self._width, 0.5, 0.5)
        if self._width != 2:
            pcm = self._audioop.lin2lin(pcm, self._width, 2)
        if self._channel is not None and self._channels > 1:
            pcm = memoryview(pcm).cast("h")[self._channel :: self._channels].tobytes()
        return pcm

    def _examine(self, pcm: bytes) -> None:
        """Take one of two channels if they cancel each other."""
        to_mono, width = self._audioop.tomono, self._width
        frames = len(pcm) // (2 * width)
        if not frames:
            return
        mean, *sides = (
            self._energy(to_mono(pcm, width, left, right)) for left, right in ((0.5, 0.5), (1, 0), (0, 1))
        )
        self._channel = self.chosen = self._watch.examine(mean, sides, frames, RATE_HZ)

    def _energy(self, pcm: bytes) -> float:
        """Return the energy of one channel without its offset; full scale is 1."""
        full = float(1 << (8 * self._width - 1))
        centred = self._audioop.bias(pcm, self._width, -self._audioop.avg(pcm, self._width))
        return float((self._audioop.rms(centred, self._width) / full) ** 2)


class FloatConverter:
    """Converts any format, number of channels and rate; rates through soxr's stream resampler."""

    def __init__(self, shape: AudioFormat, channel: int | None) -> None:
        self._numpy = _import_extra("numpy", shape)
        self._resampler = None
        if shape.rate_hz != RATE_HZ:
            soxr = _import_extra("soxr", shape)
            # HQ: 86 dB of alias rejection for 0.5 ms of CPU a second of sound; QQ folds sound above 8 kHz.
            self._resampler = soxr.ResampleStream(shape.rate_hz, RATE_HZ, 1, dtype="float32", quality="HQ")
        self._shape = shape
        self._channel = channel
        self.chosen: int | None = None
        self._watch = CancellationWatch()

    def convert(self, pcm: bytes) -> bytes:
        """Return ``pcm`` as s16le mono 16 kHz. The resampler holds some milliseconds back."""
        samples = self._samples(pcm)
        if self._shape.channels > 1:
            frames = samples.reshape(-1, self._shape.channels)
            if self._channel is None and self._watch.is_due() and len(frames):
                self._channel = self.chosen = self._watch.examine(
                    float(frames.mean(axis=1).var()),
                    [float(energy) for energy in frames.clip(-1.0, 1.0).var(axis=0)],
                    len(frames),
                    self._shape.rate_hz,
                )
            samples = frames.mean(axis=1) if self._channel is None else frames[:, self._channel]
        if self._resampler is not None:
            narrow = self._numpy.ascontiguousarray(self._numpy.clip(samples, -1.0, 1.0), dtype="f4")
            samples = self._resampler.resample_chunk(narrow)
        return self._to_s16(samples)

    def _samples(self, pcm: bytes) -> NDArray[np.float64]:
        """Return ``pcm`` on the documented scale: 1.0 is 32767 of 16 bits."""
        numpy = self._numpy
        samples: NDArray[np.float64]
        match self._shape.sample_format:
            case "f32le":
                # A float stream may carry NaN: treated as silence, it would crash soxr.
                samples = numpy.nan_to_num(numpy.frombuffer(pcm, "<f4").astype("f8"), nan=0.0)
            case "s16le":
                samples = numpy.frombuffer(pcm, "<i2") / 32767
            case "s24le":
                # The three bytes become the upper ones of a 32-bit number.
                wide = numpy.zeros((len(pcm) // 3, 4), "u1")
                wide[:, 1:] = numpy.frombuffer(pcm, "u1").reshape(-1, 3)
                samples = wide.view("<i4").reshape(-1) / (65536.0 * 32767)
            case _:
                samples = numpy.frombuffer(pcm, "<i4") / (65536.0 * 32767)
        return samples

    def _to_s16(self, samples: NDArray[np.float64]) -> bytes:
        """Return ``ROUND(clamp(x, -1, 1) * 32767)``, little-endian (RAVATAR, Live Mode document)."""
        numpy = self._numpy
        return bytes(numpy.rint(numpy.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes())


def _import_extra(name: str, shape: AudioFormat) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DeviceError(
            f"the microphone delivers {describe(shape)}, and converting that needs {name}: "
            f"{adding('resample')}; or have it deliver 16000 Hz s16le mono"
        ) from error


def describe(shape: AudioFormat) -> str:
    """Return ``shape`` in words."""
    channels = "mono" if shape.channels == 1 else f"{shape.channels} channels"
    return f"{shape.rate_hz} Hz {shape.sample_format} {channels}"
