"""Speech of 16 kHz becomes packets that a decoder hears as they were meant."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from ravatard.cloud.webrtc import opus
from ravatard.cloud.webrtc.opus_encoder import FRAME_BYTES, FRAME_SAMPLES, OpusEncoder
from ravatard.errors import LinkError


def library() -> object:
    try:
        return opus.load()
    except LinkError as error:
        pytest.skip(str(error))


def test_a_tone_comes_through_and_silence_stays_silent() -> None:
    loaded = library()
    encoder, decoder = OpusEncoder(loaded), opus.OpusDecoder(loaded)
    count = 50 * FRAME_SAMPLES
    tone = struct.pack(
        f"<{count}h", *(round(9_000 * math.sin(2 * math.pi * 300 * at / 16_000)) for at in range(count))
    )

    packets = [encoder.encode(tone[at : at + FRAME_BYTES]) for at in range(0, len(tone), FRAME_BYTES)]
    heard = np.frombuffer(b"".join(decoder.decode(packet, 960) for packet in packets), "<i2")

    assert len(heard) == 50 * 960
    spectrum = np.abs(np.fft.rfft(heard[9_600:].astype(float)))
    assert np.argmax(spectrum) * 48_000 / (len(heard) - 9_600) == pytest.approx(300.0, abs=2.0)
    # 28 kbit/s are 70 bytes in 20 ms.
    assert 30 < sum(map(len, packets)) / len(packets) < 110


def test_a_short_end_is_filled_up() -> None:
    encoder = OpusEncoder(library())

    assert 0 < len(encoder.encode(b"\1\0" * 10)) < 200
