"""Position and format of the samples in a WAV file on disk, also where its lengths are wrong."""

from __future__ import annotations

import os
import shlex
import stat
from dataclasses import dataclass

from ravatard.core.audio.wav import CODINGS, RIFF_BYTES, STEP_BYTES, UnknownCoding, WavHeader, is_wav
from ravatard.core.audio_format import AudioFormat
from ravatard.errors import DeviceError, MediaError

#: Codings that an AudioFormat can express.
_CODINGS = {key: coding for key, coding in CODINGS.items() if coding in ("s16", "s24", "s32", "f32")}
#: As for CaptureOptions; a rate beyond is a broken header.
_RATES_HZ = range(8_000, 192_001)


@dataclass(frozen=True, slots=True)
class WavInfo:
    """Position of a WAV file's samples.

    Attributes:
        format: format of the samples.
        data_start: offset of the first one in the file.
        data_bytes: bytes of samples that are really there, whole frames.
    """

    format: AudioFormat
    data_start: int
    data_bytes: int


def read_wav_info(path: str) -> WavInfo:
    """Read the header of the WAV file ``path``.

    Raises:
        DeviceError: no such file, no WAV file, a format that is not understood, or no sound in it.
    """
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib is 1 MB the sound process need not load
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DeviceError(f"{path} is not a file; microphone.wav takes the path of a WAV recording")
            return _read(path, file.fileno(), status.st_size)
    except OSError as error:
        raise DeviceError(f"the recording {path} cannot be read: {error.strerror}") from error
    except UnknownCoding as error:
        raise DeviceError(
            f"{error}; understood are PCM of 16, 24 and 32 bits and 32-bit float: {_advice(path)}"
        ) from error
    except MediaError as error:
        raise DeviceError(str(error)) from error


def _read(path: str, fd: int, size: int) -> WavInfo:
    if not is_wav(os.pread(fd, RIFF_BYTES, 0)):
        raise DeviceError(f"{path} is not a WAV file (it does not begin with RIFF and WAVE); {_advice(path)}")
    header, at = WavHeader(path, _CODINGS, _RATES_HZ), RIFF_BYTES
    while not header.in_data:
        advance = header.step(os.pread(fd, STEP_BYTES, at))
        if advance is None:
            raise DeviceError(f"{path} is a broken WAV file: it has no data chunk")
        at += advance
    if header.shape is None:
        raise DeviceError(f"{path} is a broken WAV file: it has no format")
    shape = AudioFormat(header.shape.rate_hz, header.shape.channels, f"{header.shape.coding}le")
    rest = size - at
    # A stated length that is missing, or goes beyond the end: the bytes that are there count.
    count = rest if header.data_bytes is None else min(rest, header.data_bytes)
    count -= count % shape.frame_bytes
    if count == 0:
        raise DeviceError(f"{path} is a WAV file without sound")
    return WavInfo(shape, at, count)


def _advice(path: str) -> str:
    return f"convert it, for example with `ffmpeg -i {shlex.quote(str(path))} -ar 16000 -ac 1 recording.wav`"
