"""Recordings in a container, as in ``file_base64_data``, recognised by their first bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, samples_in, seconds_of
from ravatard.sim.sound import audio_codec

_PCM = 1
_EXTENSIBLE = 0xFFFE
_EBML = b"\x1a\x45\xdf\xa3"
_OGG = b"OggS\0"
#: Search range of the document type in the EBML header, which is a few dozen bytes long.
_EBML_HEADER_BYTES = 128


class ContainerError(ValueError):
    """A recording that the documents do not allow; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that the documents allow.

    Attributes:
        kind: "WAV", "WebM" or "Ogg".
        size_bytes: of the whole file.
        pcm: its sound, s16le mono 16 kHz; None if it cannot be decoded here (WebM and Ogg without PyAV).
    """

    kind: str
    size_bytes: int
    pcm: bytes | None = field(repr=False)

    @property
    def seconds(self) -> float | None:
        """Duration, or None when unknown."""
        return None if self.pcm is None else seconds_of(samples_in(self.pcm))


def opened(raw: bytes) -> Recording:
    """Recognise and decode the recording in ``raw``.

    The documents name WAV and WebM; the vendor's web client records Ogg where a browser has no WebM.

    Raises:
        ContainerError: none of the three; a WAV of another format than 16 kHz mono 16 bit (Chat Mode
            document, "Standard Audio Format"); or damaged.
    """
    if raw[:4] == b"RIFF" and raw[8:12] == b"WAVE":
        return Recording("WAV", len(raw), _wav_sound(raw))
    if raw[:4] == _EBML and b"webm" in raw[:_EBML_HEADER_BYTES]:
        return Recording("WebM", len(raw), _decoded(raw, "WebM", "matroska"))
    if raw[:5] == _OGG:
        return Recording("Ogg", len(raw), _decoded(raw, "Ogg", "ogg"))
    raise ContainerError("the recording is neither WAV nor WebM nor Ogg")


def _decoded(raw: bytes, kind: str, demuxer: str) -> bytes | None:
    # The sample rate is not checked: Opus is always 48 kHz, whatever the rate of the recording.
    if not audio_codec.available():
        return None
    try:
        return audio_codec.decoded(raw, demuxer)
    except audio_codec.AudioCodecError as error:
        raise ContainerError(f"the {kind} recording is no use: {error}") from None


def _wav_sound(raw: bytes) -> bytes:
    # Own walk over the chunks: the standard library's ``wave`` refuses the extensible header on some Pythons
    # and the unfinished sizes of a streamed file on all.
    position = 12
    shaped = False
    while position + 8 <= len(raw):
        name, size = struct.unpack_from("<4sI", raw, position)
        position += 8
        if name == b"fmt ":
            _check_format(raw[position : position + size])
            shaped = True
        elif name == b"data":
            if not shaped:
                break
            sound = raw[position : position + size]
            return sound[: samples_in(sound) * SAMPLE_BYTES]
        position += size + size % 2
    raise ContainerError("the WAV recording is cut short")


def _check_format(fields: bytes) -> None:
    if len(fields) < 16:
        raise ContainerError("the WAV recording is cut short")
    code, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", fields)
    if (channels, rate_hz, bits) != (1, RATE_HZ, SAMPLE_BYTES * 8) or code not in {_PCM, _EXTENSIBLE}:
        raise ContainerError(
            f"the WAV recording has {channels} channel(s) of {bits} bit at {rate_hz} Hz (format {code}); "
            f"send one channel of 16 bit PCM at {RATE_HZ} Hz"
        )
