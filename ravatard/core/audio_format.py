"""Milliseconds, samples and bytes: the only place where one becomes the other.

All sound of the microphone is 16 kHz, mono, signed 16-bit, little-endian ("s16le"): what webrtcvad takes, and
what services for speech usually ask for.
"""

from __future__ import annotations

from dataclasses import dataclass

RATE_HZ = 16_000
SAMPLE_BYTES = 2
#: Chunks of an utterance: 8,192 bytes, 256 ms. A connection whose service wants others re-frames them.
CHUNK_SAMPLES = 4_096
CHUNK_BYTES = CHUNK_SAMPLES * SAMPLE_BYTES


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """The shape of PCM sound.

    Attributes:
        rate_hz: frames a second.
        channels: interleaved channels.
        sample_format: "s16le", "s24le" (packed, three bytes), "s32le" or "f32le".
    """

    rate_hz: int = RATE_HZ
    channels: int = 1
    sample_format: str = "s16le"

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample of one channel."""
        return {"s16le": 2, "s24le": 3, "s32le": 4, "f32le": 4}[self.sample_format]

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.sample_bytes * self.channels

    def bytes_for(self, duration_ms: float) -> int:
        """Whole frames in ``duration_ms``, in bytes."""
        return int(self.rate_hz * duration_ms / 1000) * self.frame_bytes


SPEECH = AudioFormat()
#: All sound on its way to a speaker: s16le mono at Opus' own rate, so that the live voice is never converted.
VOICE_RATE_HZ = 48_000
VOICE = AudioFormat(VOICE_RATE_HZ)


def samples_for(duration_ms: float) -> int:
    """Return the samples at 16 kHz in ``duration_ms``."""
    return int(duration_ms * RATE_HZ / 1000)


def bytes_for(duration_ms: float) -> int:
    """Return the bytes of s16le mono 16 kHz in ``duration_ms``."""
    return samples_for(duration_ms) * SAMPLE_BYTES


def samples_in(pcm: bytes | bytearray | memoryview) -> int:
    """Return the samples in s16le mono ``pcm``."""
    return len(pcm) // SAMPLE_BYTES


def ms_of(samples: int) -> float:
    """Return the milliseconds that ``samples`` at 16 kHz last."""
    return samples * 1000 / RATE_HZ


def seconds_of(samples: int) -> float:
    """Return the seconds that ``samples`` at 16 kHz last."""
    return samples / RATE_HZ


def silence(samples: int) -> bytes:
    """Return ``samples`` of digital silence, s16le mono."""
    return bytes(samples * SAMPLE_BYTES)


def padded(pcm: bytes, samples: int) -> bytes:
    """Return ``pcm`` with silence after it, ``samples`` long in all. Longer sound is returned as it is."""
    missing = samples * SAMPLE_BYTES - len(pcm)
    return pcm + bytes(missing) if missing > 0 else pcm
