from __future__ import annotations

import audioop
import struct
from contextlib import suppress
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ravatard.core.audio.wav import UnknownCoding, WavShape
from ravatard.core.voice.wav_reader import MonoMixer, Samples, WavReader
from ravatard.errors import MediaError
from tests.unit.devices.wav_files import CODINGS, chunk, fmt, heard, riff, stored, tone

SAMPLES = bytes(range(200))


def read(content: bytes, piece_bytes: int = 1 << 20) -> tuple[WavShape | None, bytes]:
    reader = WavReader()
    samples = [
        found
        for at in range(0, len(content), piece_bytes)
        for found in reader.feed(content[at : at + piece_bytes])
    ]
    samples += reader.finish()
    return reader.shape, b"".join(found.pcm for found in samples)


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("coding", CODINGS)
def test_every_coding_is_known_by_its_header(coding: str, extensible: bool) -> None:
    content = riff(fmt(coding, 2, 24_000, extensible=extensible), chunk(b"data", bytes(192)))

    shape, samples = read(content)

    assert (shape, samples) == (WavShape(24_000, 2, coding), bytes(192))


@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 7, 44, 45, 1_000])
def test_the_samples_are_the_same_however_the_file_is_cut(piece_bytes: int) -> None:
    content = riff(chunk(b"LIST", b"odd"), fmt(), chunk(b"fact", bytes(4)), chunk(b"data", SAMPLES))

    assert read(content, piece_bytes) == (WavShape(16_000, 1, "s16"), SAMPLES)


def test_samples_are_handed_on_as_soon_as_they_are_there() -> None:
    reader = WavReader()
    content = riff(fmt(), chunk(b"data", SAMPLES))

    assert reader.feed(content[:44]) == []
    assert [found.pcm for found in reader.feed(content[44:47])] == [SAMPLES[:2]]
    assert [found.pcm for found in reader.feed(content[47:48])] == [SAMPLES[2:4]]


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 0x7FFFFFFF, 4_000])
def test_a_length_that_cannot_be_true_means_until_the_end(length: int) -> None:
    content = riff(fmt(), chunk(b"data", SAMPLES, length), length=length)

    assert read(content)[1] == SAMPLES


def test_what_follows_the_sound_is_not_played() -> None:
    content = riff(fmt(), chunk(b"data", SAMPLES), chunk(b"LIST", b"INFO" * 20))

    assert read(content)[1] == SAMPLES


def test_a_frame_that_is_cut_off_at_the_end_is_left_out() -> None:
    content = riff(fmt(channels=2), chunk(b"data", SAMPLES, 0))[:-1]

    assert read(content)[1] == SAMPLES[:-4]


def test_samples_that_are_packed_are_another_decoders_job() -> None:
    packed = chunk(b"fmt ", struct.pack("<HHIIHH", 2, 1, 16_000, 8_000, 256, 4))

    with pytest.raises(UnknownCoding, match="4-bit samples of WAV format 0x0002"):
        WavReader().feed(riff(packed, chunk(b"data", SAMPLES)))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"OggS" + bytes(40), "does not begin with RIFF"),
        (riff(chunk(b"data", SAMPLES)), "data come before their format"),
        (riff(fmt()), "ends before its data"),
        (riff(fmt(), chunk(b"data", b"")), "without a single sample"),
        (riff(chunk(b"fmt ", b"short")), "format is cut off"),
        (riff(fmt(channels=33), chunk(b"data", SAMPLES)), "33 channels"),
        (riff(fmt(channels=0), chunk(b"data", SAMPLES)), "0 channels"),
        (riff(fmt(rate_hz=1), chunk(b"data", SAMPLES)), "at 1 Hz"),
        (riff(fmt(rate_hz=4_000_000), chunk(b"data", SAMPLES)), "at 4000000 Hz"),
        (riff(chunk(b"LIST", b"", 0xFFFFFFF0), fmt(), chunk(b"data", SAMPLES)), "ends before its data"),
        (riff(bytes(20_000)), "1000 chunks"),
        (b"RIFF", "ends before its data"),
    ],
)
def test_a_broken_file_is_a_sentence(content: bytes, told: str) -> None:
    with pytest.raises(MediaError, match=told):
        read(content)


@given(st.binary(max_size=300), st.integers(1, 50))
@example(fmt()[8:] + chunk(b"data", b"\1"), 1)
def test_whatever_comes_is_read_or_refused(body: bytes, piece_bytes: int) -> None:
    reader = WavReader()
    content = b"RIFF\0\0\0\0WAVE" + body

    with suppress(MediaError):
        for at in range(0, len(content), piece_bytes):
            for found in reader.feed(content[at : at + piece_bytes]):
                assert found.pcm
                assert len(found.pcm) % found.shape.frame_bytes == 0
        reader.finish()


@given(st.data())
def test_a_damaged_header_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(riff(chunk(b"LIST", b"ab"), fmt("s24", 2), chunk(b"data", SAMPLES)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))

    with suppress(MediaError):
        shape, samples = read(bytes(content), 9)
        assert shape is not None
        assert len(MonoMixer(shape).convert(samples)) == len(samples) // shape.frame_bytes * 2


#: Sentences of a service that joins them: each a file with a sample format of its own, and its sound.
SENTENCES = st.tuples(st.sampled_from(sorted(CODINGS)), st.integers(1, 3), st.sampled_from([8_000, 24_000]))


@st.composite
def files_in_a_row(draw: st.DrawFn) -> tuple[bytes, list[Samples]]:
    """Return files of any format, one after another, and the sound in them."""
    content, sound = b"", []
    for coding, channels, rate_hz in draw(st.lists(SENTENCES, min_size=2, max_size=4)):
        shape = WavShape(rate_hz, channels, coding)
        stated = draw(st.sampled_from([None, 0, 0xFFFFFFFF, 0x7FFFFFFF]))
        # Of a stated length also an odd one, with and without its pad byte.
        frames = draw(st.integers(1, 31)) * (1 if stated is None else 2)
        pcm = draw(st.binary(min_size=1, max_size=1)) * (shape.frame_bytes * frames)
        data = chunk(b"data", pcm, stated)
        behind = b""
        if stated is None:
            data = draw(st.sampled_from([data, data[: 8 + len(pcm)]]))
            behind = draw(st.sampled_from([b"", chunk(b"LIST", b"INFO" * 9), b"\0" * 5, b"RIF", b"RIFF"]))
        content += riff(chunk(b"JUNK", bytes(4)), fmt(coding, channels, rate_hz), data, behind)
        sound.append(Samples(shape, pcm))
    return content, sound


@given(files_in_a_row(), st.sampled_from([1, 5, 13, 1_000, 1 << 20]))
def test_files_in_a_row_are_heard_whole(row: tuple[bytes, list[Samples]], piece_bytes: int) -> None:
    content, sound = row
    reader = WavReader()

    found = [
        each
        for at in range(0, len(content), piece_bytes)
        for each in reader.feed(content[at : at + piece_bytes])
    ]
    found += reader.finish()

    assert _joined(found) == _joined(sound)


def _joined(samples: list[Samples]) -> list[Samples]:
    """Return the samples joined where the sample format stays the same."""
    joined: list[Samples] = []
    for each in samples:
        if joined and joined[-1].shape == each.shape:
            joined[-1] = Samples(each.shape, joined[-1].pcm + each.pcm)
        else:
            joined.append(each)
    return joined


def test_a_file_that_stops_early_does_not_swallow_the_next() -> None:
    cut = riff(fmt(), chunk(b"data", SAMPLES, 10_000))
    reader = WavReader()

    found = reader.feed(cut + riff(fmt("s24", 2, 44_100), chunk(b"data", bytes(60))))

    assert [(each.shape.coding, len(each.pcm)) for each in found] == [("s16", 200), ("s24", 60)]


def test_headers_without_end_are_refused_soon() -> None:
    empty = riff(fmt(), chunk(b"data", b""))
    with pytest.raises(MediaError, match="more headers than sound"):
        WavReader().feed(riff(fmt(), chunk(b"data", SAMPLES)) + empty * 20_000)


def test_the_mark_of_a_file_within_the_sound_alone_is_sound() -> None:
    pcm = b"RIFFxxxxWAVX" + SAMPLES + b"RIFF"

    assert read(riff(fmt(), chunk(b"data", pcm, 0)), 3)[1] == pcm


@pytest.mark.parametrize("before", ["fmt", "data"])
@pytest.mark.parametrize("pad", [b"", b"\0", b"\xff"])
def test_a_chunk_of_odd_length_is_passed_over_with_and_without_its_pad_byte(pad: bytes, before: str) -> None:
    for name, body, piece_bytes in product(
        [b"LIST", b"JUNK", b"id3 ", b"bext", b"fact", b"zyxw"],
        [b"x", b"INFOISFT\5\0\0\0Lavf\0", b"data\0", bytes(33)],
        [1, 9, 1_000],
    ):
        odd = struct.pack("<4sI", name, len(body)) + body + pad
        chunks = [odd, fmt()] if before == "fmt" else [fmt(), odd]
        content = riff(*chunks, *([odd] if pad else []), chunk(b"data", SAMPLES))

        found = read(content, piece_bytes)
        assert found == (WavShape(16_000, 1, "s16"), SAMPLES), (name, body, piece_bytes)


@pytest.mark.parametrize("coding", [coding for coding in CODINGS if not coding.endswith("law")])
def test_every_coding_sounds_the_same(coding: str) -> None:
    meant = tone(440, 16_000)

    pcm = MonoMixer(WavShape(16_000, 1, coding)).convert(stored(meant, coding))

    assert np.max(np.abs(heard(pcm) - meant)) < (0.02 if coding == "u8" else 0.0002)


@pytest.mark.parametrize("coding", ["alaw", "ulaw"])
def test_telephone_codings_sound_as_they_should(coding: str) -> None:
    meant = tone(440, 8_000)
    pack = audioop.lin2alaw if coding == "alaw" else audioop.lin2ulaw

    pcm = MonoMixer(WavShape(8_000, 1, coding)).convert(pack(stored(meant, "s16"), 2))

    assert np.max(np.abs(heard(pcm) - meant)) < 0.03


@pytest.mark.parametrize("channels", [2, 3, 6, 32])
def test_channels_become_their_mean(channels: int) -> None:
    one = tone(440, 16_000)
    frames = np.zeros((len(one), channels))
    frames[:, 0] = one

    pcm = MonoMixer(WavShape(16_000, channels, "s16")).convert(stored(frames.reshape(-1), "s16"))

    assert np.max(np.abs(heard(pcm) - one / channels)) < channels / 16_000


def test_floats_beyond_full_scale_are_cut_and_no_numbers_are_silence() -> None:
    odd = np.array([2.0, -2.0, np.nan, np.inf, -np.inf, 0.5])

    pcm = MonoMixer(WavShape(16_000, 1, "f32")).convert(stored(odd, "f32"))

    assert struct.unpack("<6h", pcm) == (32767, -32767, 0, 32767, -32767, 16384)


def test_half_a_header_behind_the_sound_is_no_fault() -> None:
    reader = WavReader()
    whole = riff(fmt(), chunk(b"data", b"\1\0\2\0"))

    found = reader.feed(whole + whole[:30])

    assert b"".join(piece.pcm for piece in found) == b"\1\0\2\0"
    assert reader.finish() == []
