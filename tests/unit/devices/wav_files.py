"""WAV files of every shape, put together byte by byte."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

#: coding -> format tag and bits.
CODINGS = {
    "u8": (1, 8),
    "s16": (1, 16),
    "s24": (1, 24),
    "s32": (1, 32),
    "f32": (3, 32),
    "f64": (3, 64),
    "alaw": (6, 8),
    "ulaw": (7, 8),
}
SUBTYPE_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name: bytes, body: bytes, length: int | None = None) -> bytes:
    said = len(body) if length is None else length
    return name + struct.pack("<I", said) + body + (b"\0" if len(body) % 2 else b"")


def fmt(coding: str = "s16", channels: int = 1, rate_hz: int = 16_000, *, extensible: bool = False) -> bytes:
    tag, bits = CODINGS[coding]
    frame = channels * bits // 8
    shape = struct.pack(
        "<HHIIHH", 0xFFFE if extensible else tag, channels, rate_hz, rate_hz * frame % 2**32, frame, bits
    )
    if extensible:
        shape += struct.pack("<HHIH", 22, bits, 0, tag) + SUBTYPE_TAIL
    return chunk(b"fmt ", shape)


def riff(*chunks: bytes, length: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if length is None else length) + body


def tone(hz: float, rate_hz: int, seconds: float = 0.5, level: float = 0.5) -> NDArray[np.float64]:
    made: NDArray[np.float64] = level * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)
    return made


def stored(samples: NDArray[np.float64], coding: str) -> bytes:
    """``samples``, -1 to 1, as a WAV file holds them."""
    match coding:
        case "u8":
            return (np.rint(samples * 127) + 128).astype("u1").tobytes()
        case "s24":
            wide = np.rint(samples * 8_388_607).astype("<i4").view("u1").reshape(-1, 4)
            return np.ascontiguousarray(wide[:, :3]).tobytes()
        case "s32":
            return np.rint(samples * 2_147_483_647).astype("<i4").tobytes()
        case "f32" | "f64":
            return samples.astype("<f4" if coding == "f32" else "<f8").tobytes()
    return s16(samples)


def s16(samples: NDArray[np.float64]) -> bytes:
    return np.rint(samples * 32767).astype("<i2").tobytes()


def heard(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, "<i2") / 32767
