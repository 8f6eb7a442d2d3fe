"""A recording with room for the answers."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ravatard.cli.demo.command import RECORDING
from ravatard.cli.demo.pauses import lengthened

RATE_HZ = 16_000
Samples = NDArray[np.int16]


def written(path: Path, samples: Samples, *, rate_hz: int = RATE_HZ, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def read(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def speech(seconds: float, rate_hz: int = RATE_HZ) -> Samples:
    return np.random.default_rng(1).integers(1_000, 9_000, round(seconds * rate_hz)).astype(np.int16)


def room(seconds: float, rate_hz: int = RATE_HZ) -> Samples:
    return np.random.default_rng(2).integers(-40, 40, round(seconds * rate_hz)).astype(np.int16)


def pauses_s(samples: Samples, rate_hz: int = RATE_HZ) -> list[float]:
    loud = np.flatnonzero(np.abs(samples) > 500)
    gaps = np.diff(loud)
    return [float(gap) / rate_hz for gap in gaps[gaps > rate_hz / 10]]


def test_a_pause_between_sentences_grows_and_nothing_of_them_is_lost(tmp_path: Path) -> None:
    sound = np.concatenate([room(1), speech(1), room(2), speech(2), room(1.5)])

    longer = read(lengthened(written(tmp_path / "a.wav", sound), tmp_path / "b.wav", 5.0))

    assert pauses_s(longer) == pytest.approx([5.0], abs=0.05)
    assert longer[np.abs(longer) > 500].tolist() == sound[np.abs(sound) > 500].tolist()
    assert len(longer) == pytest.approx(len(sound) + 3 * RATE_HZ, abs=RATE_HZ // 20)


def test_what_is_added_is_the_same_room(tmp_path: Path) -> None:
    sound = np.concatenate([speech(1), room(2), speech(1)])

    longer = read(lengthened(written(tmp_path / "a.wav", sound), tmp_path / "b.wav", 8.0))

    quiet = longer[RATE_HZ + 400 : 9 * RATE_HZ - 800]
    assert np.abs(quiet).max() <= 40
    levels = quiet[: len(quiet) // 800 * 800].reshape(-1, 800).astype(float).std(axis=1)
    assert levels.min() > 20


@pytest.mark.parametrize("pause_s", [0.5, 1.1, 6.0])
def test_a_pause_within_a_sentence_and_one_that_is_long_enough_stay(tmp_path: Path, pause_s: float) -> None:
    sound = np.concatenate([speech(1), room(pause_s), speech(1)])

    longer = read(lengthened(written(tmp_path / "a.wav", sound), tmp_path / "b.wav", 5.0))

    assert longer.tolist() == sound.tolist()


def test_rate_and_channels_stay_as_they_are(tmp_path: Path) -> None:
    sound = np.concatenate([speech(1, 44_100), room(2, 44_100), speech(1, 44_100)]).repeat(2)
    source = written(tmp_path / "a.wav", sound, rate_hz=44_100, channels=2)

    target = lengthened(source, tmp_path / "b.wav", 4.0)

    with wave.open(str(target)) as file:
        assert (file.getframerate(), file.getnchannels()) == (44_100, 2)
    both = read(target).reshape(-1, 2)
    assert (both[:, 0] == both[:, 1]).all()
    assert pauses_s(both[:, 0], 44_100) == pytest.approx([4.0], abs=0.05)


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x03\0\x01\0" + bytes(40)]
)
def test_what_it_does_not_understand_is_played_as_it_is(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "a.wav"
    source.write_bytes(content)

    assert lengthened(source, tmp_path / "b.wav", 5.0) == source
    assert lengthened(tmp_path / "missing.wav", tmp_path / "b.wav", 5.0) == tmp_path / "missing.wav"


def test_a_recording_of_24_bits_and_one_of_nothing_are_left_alone(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    with wave.open(str(source), "wb") as file:
        file.setparams((1, 3, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(300))
    empty = written(tmp_path / "empty.wav", np.zeros(0, np.int16))

    assert lengthened(source, tmp_path / "b.wav", 5.0) == source
    assert read(lengthened(empty, tmp_path / "b.wav", 5.0)).size == 0


def test_the_demos_own_recording_has_three_pauses_and_all_of_them_grow(tmp_path: Path) -> None:
    longer = read(lengthened(RECORDING, tmp_path / "b.wav", 6.0))

    assert [pause for pause in pauses_s(longer) if pause > 1] == pytest.approx([6.0] * 3, abs=0.2)
