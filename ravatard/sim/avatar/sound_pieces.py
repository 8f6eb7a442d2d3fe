"""Sound as it comes and goes on the socket: WAV headers, pieces, base64."""

from __future__ import annotations

import audioop
import base64
import binascii
import struct
from collections.abc import Iterator

from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.sim.avatar.options import SimVoiceOptions

#: Document, event "audio": sample_rate.
AVATAR_RATE_HZ = 24_000
_HEADER_BYTES = 44


class SoundRefused(ValueError):
    """Appended sound that cannot be used; the message is a sentence."""


def seconds_in(pcm: bytes | bytearray) -> float:
    """Return the seconds that s16le mono 24 kHz sound lasts."""
    return len(pcm) / SAMPLE_BYTES / AVATAR_RATE_HZ


def converted(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """Convert s16le mono sound to another rate."""
    if from_hz == to_hz:
        return pcm
    changed, _ = audioop.ratecv(pcm, SAMPLE_BYTES, 1, from_hz, to_hz, None)
    return changed


def of_voice(pcm: bytes) -> bytes:
    """Convert s16le mono 48 kHz to 24 kHz."""
    return converted(pcm, VOICE_RATE_HZ, AVATAR_RATE_HZ)


def for_detector(pcm: bytes) -> bytes:
    """Convert s16le mono 24 kHz to 16 kHz."""
    return converted(pcm, AVATAR_RATE_HZ, RATE_HZ)


def wav(pcm: bytes, rate_hz: int, channels: int, said_bytes: int | None = None) -> bytes:
    """Return ``pcm`` (s16le) with a WAV header that announces ``said_bytes``; None: the truth."""
    size = len(pcm) if said_bytes is None else said_bytes
    frame = SAMPLE_BYTES * channels
    shape = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * frame, frame, SAMPLE_BYTES * 8)
    head = b"RIFF" + struct.pack("<I", size + _HEADER_BYTES - 8) + b"WAVEfmt " + struct.pack("<I", 16) + shape
    return head + b"data" + struct.pack("<I", size) + pcm


def audio_events(pcm: bytes, options: SimVoiceOptions) -> Iterator[tuple[float, dict[str, object]]]:
    """Yield the audio events of an answer (s16le mono 24 kHz), each with its offset in seconds."""
    sound = converted(pcm, AVATAR_RATE_HZ, options.rate_hz)
    if options.channels > 1:
        sound = audioop.tostereo(sound, SAMPLE_BYTES, 1, 1)
    frame_bytes = SAMPLE_BYTES * options.channels
    piece_bytes = max(1, options.rate_hz * options.piece_ms // 1000) * frame_bytes
    for start in range(0, len(sound), piece_bytes):
        piece = sound[start : start + piece_bytes]
        seconds = len(piece) / frame_bytes / options.rate_hz
        offset_s = start / frame_bytes / options.rate_hz if options.pace == "realtime" else 0.0
        raw = piece
        if options.header == "each" or (options.header == "first" and start == 0):
            announced = len(piece) if options.header == "each" else len(sound)
            raw = wav(
                piece, options.rate_hz, options.channels, announced * (10 if options.lying_header else 1)
            )
        yield (
            offset_s,
            {
                "type": "audio",
                "data": _encoded(raw, options.encoding),
                "duration": round(seconds, 4),
                "sample_rate": options.rate_hz,
            },
        )


def _encoded(raw: bytes, encoding: str) -> str:
    if encoding == "url-safe":
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")
    text = base64.b64encode(raw).decode()
    return f"data:audio/wav;base64,{text}" if encoding == "data-uri" else text


def appended(text: object, upload: str) -> tuple[bytes, int]:
    """Decode the sound of ``audio_buffer_append``; return it as s16le mono 24 kHz, and its bytes as sent.

    Args:
        text: the field ``audio``.
        upload: "any", "pcm" (raw s16le mono 24 kHz) or "wav".

    Raises:
        SoundRefused: no base64, no such sound, or none at all.
    """
    if not isinstance(text, str):
        raise SoundRefused("data.audio must be a string of base64")
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SoundRefused("data.audio is not base64") from None
    if not raw:
        raise SoundRefused("data.audio is empty")
    is_wav = raw[:4] == b"RIFF"
    if upload != "any" and is_wav != (upload == "wav"):
        raise SoundRefused(f"Failed to process audio input: {upload} is wanted")
    return (_wav_sound(raw) if is_wav else raw[: len(raw) // SAMPLE_BYTES * SAMPLE_BYTES]), len(raw)


def _wav_sound(raw: bytes) -> bytes:
    at = 12
    rate_hz = 0
    while at + 8 <= len(raw):
        name, size = struct.unpack_from("<4sI", raw, at)
        at += 8
        if name == b"fmt " and len(raw) >= at + 16:
            code, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", raw, at)
            if (code, channels, bits) != (1, 1, SAMPLE_BYTES * 8) or not 8_000 <= rate_hz <= VOICE_RATE_HZ:
                raise SoundRefused(
                    f"a WAV of {channels} channel(s), {bits} bit, {rate_hz} Hz is not mono 16 bit"
                )
        elif name == b"data" and rate_hz:
            sound = raw[at : at + size]
            return converted(sound[: len(sound) // SAMPLE_BYTES * SAMPLE_BYTES], rate_hz, AVATAR_RATE_HZ)
        at += size + size % 2
    raise SoundRefused("a WAV that is cut short")
