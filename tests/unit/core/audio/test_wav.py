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


def walk(content: bytes, piece_bytes: int = STEP_BYTES) -> tuple[WavHeader, int]:
    """Step through ``content`` up to its samples, looking at ``piece_bytes`` at a time, more when asked."""
    header, at = WavHeader("a file"), 12
    while not header.in_data:
        seen = piece_bytes
        while (advance := header.step(content[at : at + seen])) is None:
            assert seen < STEP_BYTES, "enough was seen"
            seen += 1
        at += advance
    return header, at


@pytest.mark.parametrize("piece_bytes", [0, 7, 8, 9, STEP_BYTES])
@pytest.mark.parametrize(
    "odd",
    [
        b"LIST\x03\0\0\0abc\0",
        b"LIST\x03\0\0\0abc",
        b"JUNK\x01\0\0\0x\0",
        b"id3 \x05\0\0\0hello",
    ],
)
def test_a_chunk_of_odd_length_may_lack_its_pad_byte(odd: bytes, piece_bytes: int) -> None:
    content = riff(odd, fmt("s16", 1, 16_000), chunk(b"data", bytes(8)))

    header, at = walk(content, piece_bytes)

    assert (header.shape, header.data_bytes) == (WavShape(16_000, 1, "s16"), 8)
    assert at == len(content) - 8


@pytest.mark.parametrize(
    ("following", "advance"),
    [(b"abcd\x02\0\0\0xx", 10), (b"\0abcd\x02\0\0\0xx", 1), (b"\x01\x02\x03\x04\x05\0\0\0\0\0", 1)],
)
def test_the_name_of_an_unknown_chunk_tells_whether_there_is_a_pad_byte(
    following: bytes, advance: int
) -> None:
    header = WavHeader("a file")
    header.step(b"odd!\x01\0\0\0")

    assert header.step(following) == advance


def test_data_before_their_format_are_refused() -> None:
    with pytest.raises(MediaError, match="a file is a broken WAV file: its data come before their format"):
        WavHeader("a file").step(chunk(b"data", bytes(4)))


def test_a_format_that_is_cut_off_is_refused() -> None:
    with pytest.raises(MediaError, match="its format is cut off"):
        WavHeader("a file").step(b"fmt \x04\0\0\0abcd")


def test_chunks_without_end_are_refused() -> None:
    header = WavHeader("a file")

    def step_on() -> None:
        for _ in range(100_000):
            header.step(b"more\0\0\0\0")

    with pytest.raises(MediaError, match="and no data chunk among them"):
        step_on()


@pytest.mark.parametrize(("channels", "rate_hz"), [(0, 16_000), (200, 16_000), (1, 1)])
def test_a_shape_of_no_use_is_refused(channels: int, rate_hz: int) -> None:
    with pytest.raises(MediaError, match=f"says it has {channels} channels at {rate_hz} Hz"):
        WavHeader("a file").step(fmt("s16", channels, rate_hz))


def test_an_extensible_format_names_its_coding_in_its_extension() -> None:
    header = WavHeader("a file")
    header.step(fmt("s24", 2, 48_000, extensible=True))

    assert header.shape == WavShape(48_000, 2, "s24")
    assert header.shape.frame_bytes == 6


@pytest.mark.parametrize(
    ("rate_hz", "channels", "shape"),
    [
        (0, 1, (22_050, 1)),
        (4_000_000_000, 2, (22_050, 2)),
        (24_000, 0, (24_000, 1)),
        (24_000, 2, (24_000, 2)),
    ],
)
def test_a_rate_or_channels_that_cannot_be_are_taken_from_elsewhere(
    rate_hz: int, channels: int, shape: tuple[int, int]
) -> None:
    header = WavHeader("x", otherwise_hz=22_050)

    header.step(fmt(rate_hz=rate_hz, channels=channels))

    assert header.shape == WavShape(*shape, "s16")
