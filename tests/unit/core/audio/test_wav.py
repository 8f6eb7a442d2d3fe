from __future__ import annotations

import io
import wave

import pytest

from ravatard.core.audio.wav import STEP_BYTES, UnknownCoding, WavHeader, WavShape, is_wav, wav_header
from ravatard.core.audio_format import SPEECH, VOICE, AudioFormat
from ravatard.errors import MediaError
from tests.unit.devices.wav_files import chunk, fmt, riff


@pytest.mark.parametrize("shape", [SPEECH, VOICE, AudioFormat(44_100, 2, "s24le")])
def test_a_written_header_is_read_by_another_library(shape: AudioFormat) -> None:
    content = wav_header(shape, 5 * shape.frame_bytes) + bytes(5 * shape.frame_bytes)

    with wave.open(io.BytesIO(content)) as file:
        assert file.getparams()[:4] == (shape.channels, shape.sample_bytes, shape.rate_hz, 5)


def test_a_written_header_is_44_bytes_and_counts_what_follows() -> None:
    header = wav_header(SPEECH, 1_000)

    assert len(header) == 44
    assert int.from_bytes(header[4:8], "little") == 36 + 1_000
    assert int.from_bytes(header[40:44], "little") == 1_000


def test_only_riff_wave_is_a_wav_file() -> None:
    assert is_wav(wav_header(SPEECH, 0))
    assert not is_wav(b"RIFF\0\0\0\0AVI LIST")
    assert not is_wav(b"RIFF")


def test_the_chunks_are_passed_over_one_by_one_up_to_the_samples() -> None:
    content = riff(chunk(b"LIST", b"odd"), fmt("s24", 2, 44_100), chunk(b"data", bytes(60)))
    header, at = WavHeader("a file"), 12

    while not header.in_data:
        advance = header.step(content[at : at + STEP_BYTES])
        assert advance is not None
        at += advance

    assert (header.shape, header.data_bytes) == (WavShape(44_100, 2, "s24"), 60)
    assert at == len(content) - 60


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_length_that_a_streamed_file_carries_is_no_length(length: int) -> None:
    header = WavHeader("a file")
    form = fmt()

    header.step(form)
    header.step(chunk(b"data", b"", length))

    assert header.in_data
    assert header.data_bytes is None


@pytest.mark.parametrize("count", [0, 7, 8, 23])
def test_a_chunk_that_is_cut_off_needs_more_bytes(count: int) -> None:
    assert WavHeader("a file").step(fmt()[:count]) is None


def test_a_coding_and_a_rate_that_the_caller_does_not_read_are_refused() -> None:
    with pytest.raises(UnknownCoding, match=r"a\.wav holds 8-bit samples of WAV format 0x0006"):
        WavHeader("a.wav", {(1, 16): "s16"}).step(fmt("alaw"))
    with pytest.raises(MediaError, match=r"1 channels at 8000 Hz; .* at 16000 to 16000 Hz"):
        WavHeader("a.wav", rates_hz=range(16_000, 16_001)).step(fmt(rate_hz=8_000))
