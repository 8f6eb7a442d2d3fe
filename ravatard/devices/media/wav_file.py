"""A WAV file as it is: where its samples lie and what they are, lying lengths and all.

Own reader because the standard library's ``wave`` knows no floats, no WAVE_FORMAT_EXTENSIBLE (before Python
3.12), and believes lengths: streamed recordings carry 0 or 0xFFFFFFFF, and then the sound goes on until the
data end.
"""

from __future__ import annotations

import os
import stat
import struct
from dataclasses import dataclass

from ravatard.core.audio_format import AudioFormat
from ravatard.errors import DeviceError

#: mmreg.h: the format tags that are understood.
_TAG_PCM = 0x0001
_TAG_FLOAT = 0x0003
_TAG_EXTENSIBLE = 0xFFFE
#: ksmedia.h: a KSDATAFORMAT_SUBTYPE is its format tag followed by these bytes.
_SUBTYPE_TAIL = bytes.fromhex("000000001000800000aa00389b71")

_SAMPLE_FORMATS = {
    (_TAG_PCM, 16): "s16le",
    (_TAG_PCM, 24): "s24le",
    (_TAG_PCM, 32): "s32le",
    (_TAG_FLOAT, 32): "f32le",
}
_CHUNK = struct.Struct("<4sI")
_FMT = struct.Struct("<HHIIHH")

#: What CaptureOptions allows a source, too; a rate beyond is a broken header.
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 192_000
MOST_CHANNELS = 32
#: Chunks before the data; a file of zeros is one empty chunk every eight bytes.
_MOST_CHUNKS = 1_000


@dataclass(frozen=True, slots=True)
class WavInfo:
    """Where a WAV file's samples lie.

    Attributes:
        format: their shape.
        data_start: byte of the file at which they begin.
        data_bytes: how many bytes there really are, whole frames.
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


def _read(path: str, fd: int, size: int) -> WavInfo:
    if os.pread(fd, 4, 0) != b"RIFF" or os.pread(fd, 4, 8) != b"WAVE":
        raise DeviceError(
            f"{path} is not a WAV file (it does not begin with RIFF and WAVE); convert it, for example with "
            f"`ffmpeg -i {path} -ar 16000 -ac 1 recording.wav`"
        )
    at, found = 12, None
    for _ in range(_MOST_CHUNKS):
        if at + _CHUNK.size > size:
            break
        name, length = _CHUNK.unpack(os.pread(fd, _CHUNK.size, at))
        start = at + _CHUNK.size
        if name == b"fmt ":
            found = _format(path, os.pread(fd, min(length, 40), start))
        elif name == b"data":
            if found is None:
                raise DeviceError(f"{path} is a broken WAV file: its data come before their format")
            return _data(path, found, start, length, size)
        at = start + length + (length & 1)
    raise DeviceError(f"{path} is a broken WAV file: it has no data chunk")


def _format(path: str, chunk: bytes) -> AudioFormat:
    if len(chunk) < _FMT.size:
        raise DeviceError(f"{path} is a broken WAV file: its format is cut off")
    tag, channels, rate_hz, _, _, bits = _FMT.unpack_from(chunk)
    if tag == _TAG_EXTENSIBLE and chunk[26:40] == _SUBTYPE_TAIL:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    sample_format = _SAMPLE_FORMATS.get((tag, bits))
    if sample_format is None:
        raise DeviceError(
            f"{path} holds {bits}-bit samples of WAV format {tag:#06x}; understood are PCM of 16, 24 and "
            "32 bits and 32-bit float: convert it, for example with "
            f"`ffmpeg -i {path} -ar 16000 -ac 1 recording.wav`"
        )
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ or not 1 <= channels <= MOST_CHANNELS:
        raise DeviceError(
            f"{path} says it has {channels} channels at {rate_hz} Hz; understood are 1 to {MOST_CHANNELS} "
            f"channels at {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz"
        )
    return AudioFormat(rate_hz, channels, sample_format)


def _data(path: str, shape: AudioFormat, start: int, length: int, size: int) -> WavInfo:
    rest = size - start
    # 0 and anything beyond the end mean "whoever wrote this did not know": the bytes that are there count.
    count = rest if length == 0 or length > rest else length
    count -= count % shape.frame_bytes
    if count == 0:
        raise DeviceError(f"{path} is a WAV file without sound")
    return WavInfo(shape, start, count)
