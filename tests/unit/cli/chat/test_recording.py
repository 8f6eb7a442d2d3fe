"""Recordings of any shape become one utterance."""

from __future__ import annotations

import os
import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from ravatard.cli.chat.recording import LONGEST_S, read_recording
from ravatard.errors import DeviceError


def wav(
    path: Path, *, rate_hz: int = 16_000, channels: int = 1, width: int = 2, seconds: float = 0.5
) -> Path:
    count = int(rate_hz * seconds)
    tone = np.sin(np.arange(count) * 2 * np.pi * 440 / rate_hz) * 0.5 * (2 ** (8 * width - 1) - 1)
    frames = np.repeat(tone.astype("<i4")[:, None], channels, axis=1)
    data = frames.astype("<i2").tobytes() if width == 2 else frames.astype("<i4").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(data)
    return path


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize(("channels", "width"), [(1, 2), (2, 2), (1, 4)])
def test_any_shape_becomes_16_khz_mono_of_the_same_length_and_loudness(
    tmp_path: Path, rate_hz: int, channels: int, width: int
) -> None:
    pcm = read_recording(wav(tmp_path / "a.wav", rate_hz=rate_hz, channels=channels, width=width))

    samples = np.frombuffer(pcm, "<i2").astype(float)
    assert len(samples) == pytest.approx(8_000, abs=2)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.5 * 32_767 / np.sqrt(2), rel=0.03)


def test_speech_as_it_should_be_is_not_touched(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav")

    assert path.read_bytes().endswith(read_recording(path))


def test_too_long_a_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"lasts 121 s; at most 120 s"):
        read_recording(wav(tmp_path / "a.wav", seconds=LONGEST_S + 1))


@pytest.mark.parametrize("content", [b"", b"hello", b"RIFF\0\0\0\0WAVEdata" + struct.pack("<I", 4) + b"abcd"])
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)

    with pytest.raises(DeviceError):
        read_recording(tmp_path / "a.wav")


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.wav")

    with pytest.raises(DeviceError, match=r"fifo\.wav is not a file"):
        read_recording(tmp_path / "fifo.wav")


def test_too_large_a_recording_is_refused_unread(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", rate_hz=48_000, channels=8, width=4)
    with path.open("r+b") as file:
        # Two minutes of eight channels of 32 bits, a hole on the disk; its lying length is not believed.
        file.truncate(48_000 * 8 * 4 * 100)
        file.seek(40)
        file.write(bytes(4))

    with pytest.raises(DeviceError, match="larger than 100 MB"):
        read_recording(path)


def test_a_file_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"a\.wav cannot be read: No such file"):
        read_recording(tmp_path / "a.wav")
