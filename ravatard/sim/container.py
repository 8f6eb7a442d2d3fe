"""Recordings in a container, as ``file_base64_data`` brings them: told apart by their first bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ravatard.core.audio import RATE_HZ, SAMPLE_BYTES, seconds_of

_PCM = 1
_EXTENSIBLE = 0xFFFE
_EBML = b"\x1a\x45\xdf\xa3"
#: The document type stands in the EBML header, which is a few dozen bytes long.
_EBML_HEADER_BYTES = 128


class ContainerError(ValueError):
    """Not a recording the documents allow; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that may be sent.

    Attributes:
        kind: "WAV" or "WebM".
        size_bytes: of the whole file.
        seconds: how long it lasts, or None where that takes decoding (WebM).
    """

    kind: str
    size_bytes: int
    seconds: float | None


def sniff(raw: bytes) -> Recording:
    """What ``raw`` is.

    Raises:
        ContainerError: neither WAV nor WebM, or a WAV of another format than 16 kHz mono 16 bit (Chat Mode
            document, "Standard Audio Format").
    """
    if raw[:4] == b"RIFF" and raw[8:12] == b"WAVE":
        return Recording("WAV", len(raw), _wav_seconds(raw))
    if raw[:4] == _EBML and b"webm" in raw[:_EBML_HEADER_BYTES]:
        return Recording("WebM", len(raw), None)
    raise ContainerError("the recording is neither WAV nor WebM")


def _wav_seconds(raw: bytes) -> float:
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
            return seconds_of(min(size, len(raw) - position) // SAMPLE_BYTES)
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
