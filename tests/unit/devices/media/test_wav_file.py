from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.audio_format import AudioFormat
from ravatard.devices.media.wav_file import WavInfo, read_wav_info
from ravatard.errors import DeviceError
from tests.examples import examples

EXTENSIBLE_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def fmt(tag: int = 1, channels: int = 1, rate_hz: int = 16_000, bits: int = 16, more: bytes = b"") -> bytes:
    frame = channels * bits // 8
    return struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame % 2**32, frame, bits) + more


def chunk(name: bytes, body: bytes, length: int | None = None) -> bytes:
    said = len(body) if length is None else length
    return name + struct.pack("<I", said) + body + (b"\0" if len(body) % 2 else b"")


def wav(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return tmp_path / "recording.wav"


@pytest.mark.parametrize(
    ("header", "shape"),
    [
        (fmt(), AudioFormat(16_000, 1, "s16le")),
        (fmt(channels=2, rate_hz=48_000), AudioFormat(48_000, 2, "s16le")),
        (fmt(bits=24, rate_hz=44_100), AudioFormat(44_100, 1, "s24le")),
        (fmt(bits=32), AudioFormat(16_000, 1, "s32le")),
        (fmt(tag=3, bits=32), AudioFormat(16_000, 1, "f32le")),
        (
            fmt(0xFFFE, 2, 48_000, 24, struct.pack("<HHIH", 22, 24, 3, 1) + EXTENSIBLE_TAIL),
            AudioFormat(48_000, 2, "s24le"),
        ),
        (
            fmt(0xFFFE, 1, 16_000, 32, struct.pack("<HHIH", 22, 32, 4, 3) + EXTENSIBLE_TAIL),
            AudioFormat(16_000, 1, "f32le"),
        ),
    ],
)
def test_the_formats_that_are_understood(recording: Path, header: bytes, shape: AudioFormat) -> None:
    sound = bytes(shape.frame_bytes * 100)
    recording.write_bytes(wav(chunk(b"fmt ", header), chunk(b"data", sound)))

    info = read_wav_info(str(recording))

    assert info == WavInfo(shape, 12 + 8 + len(header) + 8, len(sound))


def test_other_chunks_before_and_after_the_data_are_passed_over(recording: Path) -> None:
    recording.write_bytes(
        wav(chunk(b"LIST", b"odd"), chunk(b"fmt ", fmt()), chunk(b"data", b"ABCD"), chunk(b"id3 ", b"tag"))
    )

    info = read_wav_info(str(recording))

    assert recording.read_bytes()[info.data_start : info.data_start + info.data_bytes] == b"ABCD"


@pytest.mark.parametrize("name", [b"LIST", b"JUNK", b"id3 ", b"bext"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("pad", [b"", b"\0"])
def test_a_chunk_of_odd_length_may_lack_its_pad_byte(
    recording: Path, pad: bytes, first: bool, name: bytes
) -> None:
    odd = name + struct.pack("<I", 5) + b"odd x" + pad
    form = chunk(b"fmt ", fmt())
    recording.write_bytes(wav(*((odd, form) if first else (form, odd)), chunk(b"data", b"ABCD")))

    info = read_wav_info(str(recording))

    assert recording.read_bytes()[info.data_start :] == b"ABCD"
    assert info.data_bytes == 4


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 0x7FFFFFFF, 1_000])
def test_a_length_that_lies_means_until_the_data_end(recording: Path, length: int) -> None:
    recording.write_bytes(wav(chunk(b"fmt ", fmt()), chunk(b"data", bytes(99), length))[:-1])

    assert read_wav_info(str(recording)).data_bytes == 98


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not a WAV file"),
        (b"RIFF", "is not a WAV file"),
        (b"ID3\x04 an mp3", "is not a WAV file .*ffmpeg"),
        (b"RIFF\0\0\0\0AVI LIST", "is not a WAV file"),
        (wav(), "no data chunk"),
        (wav(chunk(b"fmt ", fmt())), "no data chunk"),
        (wav(chunk(b"data", b"ABCD")), "data come before their format"),
        (wav(chunk(b"fmt ", fmt()[:10]), chunk(b"data", b"ABCD")), "format is cut off"),
        (wav(chunk(b"fmt ", fmt()), chunk(b"data", b"")), "without sound"),
        (wav(chunk(b"fmt ", fmt()), chunk(b"data", b"A")), "without sound"),
        (wav(chunk(b"fmt ", fmt(bits=8)), chunk(b"data", b"ABCD")), "8-bit samples of WAV format 0x0001"),
        (wav(chunk(b"fmt ", fmt(tag=7, bits=8)), chunk(b"data", b"ABCD")), "WAV format 0x0007"),
        (wav(chunk(b"fmt ", fmt(tag=0xFFFE)), chunk(b"data", b"ABCD")), "WAV format 0xfffe"),
        (wav(chunk(b"fmt ", fmt(rate_hz=0)), chunk(b"data", b"ABCD")), "1 channels at 0 Hz; understood"),
        (wav(chunk(b"fmt ", fmt(rate_hz=4_000_000)), chunk(b"data", b"ABCD")), "at 4000000 Hz"),
        (wav(chunk(b"fmt ", fmt(channels=0)), chunk(b"data", b"ABCD")), "0 channels"),
        (wav(chunk(b"fmt ", fmt(channels=99)), chunk(b"data", b"ABCD")), "99 channels"),
    ],
)
def test_what_is_no_recording_is_refused_in_a_sentence_with_its_path(
    recording: Path, content: bytes, says: str
) -> None:
    recording.write_bytes(content)

    with pytest.raises(DeviceError, match=says) as caught:
        read_wav_info(str(recording))

    assert str(recording) in str(caught.value)


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"missing\.wav cannot be read: No such file"):
        read_wav_info(str(tmp_path / "missing.wav"))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be read: Is a directory"):
        read_wav_info(str(tmp_path))


def test_a_device_node_is_refused() -> None:
    with pytest.raises(DeviceError, match="/dev/null is not a file"):
        read_wav_info(os.devnull)


@given(content=st.binary(max_size=200))
@settings(deadline=None)
def test_rubbish_is_refused_or_understood_but_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("rubbish") / "rubbish.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVEfmt " + content)

    try:
        info = read_wav_info(str(path))
    except DeviceError:
        return
    assert info.data_start + info.data_bytes <= path.stat().st_size


#: Pieces a WAV file is made of, whole, wrong and cut, in any order and number.
_PIECES = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda name, body, length: name + struct.pack("<I", length) + body,
        st.sampled_from([b"fmt ", b"data", b"LIST", b"fact"]),
        st.binary(max_size=60),
        st.integers(0, 2**32 - 1) | st.integers(0, 60),
    ),
    st.builds(
        lambda tag, channels, rate_hz, bits, tail: chunk(b"fmt ", fmt(tag, channels, rate_hz, bits, tail)),
        st.sampled_from([1, 3, 7, 0xFFFE]),
        st.integers(0, 40),
        st.sampled_from([0, 8_000, 16_000, 192_000, 2**32 - 1]),
        st.sampled_from([0, 8, 16, 24, 32, 64]),
        st.binary(max_size=30),
    ),
)


@given(begins=st.sampled_from([b"", b"RIFF\0\0\0\0WAVE"]), pieces=st.lists(_PIECES, max_size=6))
@settings(deadline=None, max_examples=examples(150))
def test_any_bytes_are_a_recording_that_is_all_there_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, begins: bytes, pieces: list[bytes]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.wav"
    path.write_bytes(begins + b"".join(pieces))

    try:
        info = read_wav_info(str(path))
    except DeviceError:
        return

    assert 0 < info.data_bytes <= path.stat().st_size - info.data_start
    assert info.data_bytes % info.format.frame_bytes == 0


def test_a_file_of_empty_chunks_is_given_up_early(recording: Path) -> None:
    with recording.open("wb") as file:
        file.write(b"RIFF\0\0\0\0WAVE")
        # A hole in the file: zeros without end, an empty chunk every eight bytes.
        file.truncate(4 << 30)

    with pytest.raises(DeviceError, match="no data chunk"):
        read_wav_info(str(recording))
