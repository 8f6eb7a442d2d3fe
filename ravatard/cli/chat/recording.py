"""Recordings for ``/voice``: any WAV file, converted to 16 kHz mono."""

from __future__ import annotations

import shlex
from pathlib import Path

from ravatard.core.audio_format import SPEECH, AudioFormat, samples_in
from ravatard.devices.media.wav_file import read_wav_info
from ravatard.devices.microphone.convert import converter_for, describe
from ravatard.errors import DeviceError
from ravatard.installation import adding

#: As long as the longest utterance the configuration allows.
LONGEST_S = 120.0
#: Two channels of 32 bits at 96 kHz for as long as that; more is no recording of speech.
LARGEST_BYTES = 100 << 20
#: Sent after the recording through the converter: it keeps the last milliseconds until more arrives.
_FLUSH_MS = 50.0


def read_recording(path: Path) -> bytes:
    """Return a whole recording as s16le mono 16 kHz.

    Raises:
        DeviceError: it is no WAV file that can be used, or too long to be one utterance.
    """
    # Opening a FIFO would block the event loop until a writer opens it.
    if path.exists() and not path.is_file():
        raise DeviceError(f"{path} is not a file; give the path of a WAV recording")
    info = read_wav_info(str(path))
    shape = info.format
    lasts_s = info.data_bytes / shape.frame_bytes / shape.rate_hz
    if lasts_s > LONGEST_S:
        raise DeviceError(f"{path} lasts {lasts_s:.0f} s; at most {LONGEST_S:.0f} s can be said at once")
    if info.data_bytes > LARGEST_BYTES:
        raise DeviceError(f"{path} is larger than {LARGEST_BYTES >> 20} MB; convert it to 16000 Hz mono")
    try:
        with path.open("rb") as file:
            file.seek(info.data_start)
            pcm = file.read(info.data_bytes)
    except OSError as error:
        raise DeviceError(f"the recording {path} cannot be read: {error.strerror}") from error
    pcm = _as_speech(path, pcm[: len(pcm) - len(pcm) % shape.frame_bytes], shape)
    if not samples_in(pcm):
        raise DeviceError(f"{path} is a WAV file without sound")
    return pcm


def _as_speech(path: Path, pcm: bytes, shape: AudioFormat) -> bytes:
    try:
        converter = converter_for(shape, None)
    except DeviceError as error:
        raise DeviceError(
            f"{path} holds {describe(shape)}, and converting that needs numpy and soxr: "
            f"{adding('resample')}; or convert it, for example with "
            f"`ffmpeg -i {shlex.quote(str(path))} -ar 16000 -ac 1 recording.wav`"
        ) from error
    if converter is None:
        return pcm
    length = len(pcm) // shape.frame_bytes * SPEECH.rate_hz // shape.rate_hz * SPEECH.frame_bytes
    return converter.convert(pcm + bytes(shape.bytes_for(_FLUSH_MS)))[:length]
