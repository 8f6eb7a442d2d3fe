"""Milliseconds, samples and bytes."""

from __future__ import annotations

import pytest

from ravatard.core.audio_format import (
    CHUNK_BYTES,
    CHUNK_SAMPLES,
    SPEECH,
    AudioFormat,
    bytes_for,
    ms_of,
    padded,
    samples_for,
    samples_in,
    seconds_of,
    silence,
)


def test_a_chunk_is_what_the_document_says() -> None:
    assert CHUNK_SAMPLES == 4096
    assert CHUNK_BYTES == 8192
    assert ms_of(CHUNK_SAMPLES) == 256.0
    assert seconds_of(CHUNK_SAMPLES) == 0.256


def test_a_frame_of_20_ms_is_640_bytes() -> None:
    assert samples_for(20) == 320
    assert bytes_for(20) == SPEECH.bytes_for(20) == 640


@pytest.mark.parametrize(
    ("shape", "frame_bytes"),
    [
        (AudioFormat(48_000, 2, "s32le"), 8),
        (AudioFormat(44_100, 1, "f32le"), 4),
        (AudioFormat(48_000, 2, "s24le"), 6),
        (AudioFormat(), 2),
    ],
)
def test_other_formats_know_their_frames(shape: AudioFormat, frame_bytes: int) -> None:
    assert shape.frame_bytes == frame_bytes


def test_only_whole_frames_are_counted() -> None:
    assert AudioFormat(44_100, 2, "s16le").bytes_for(10.01) == 441 * 4


def test_short_sound_is_padded_with_silence_and_long_sound_left_alone() -> None:
    assert padded(b"\x01\x02", 3) == b"\x01\x02\0\0\0\0"
    assert padded(silence(4), 3) == silence(4)
    assert samples_in(silence(5)) == 5
