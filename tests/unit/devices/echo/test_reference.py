from __future__ import annotations

import os
from array import array
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from ravatard.devices.echo.reference import EchoReference
from ravatard.devices.echo.ring import EchoRing, EchoWriter, make_ring

SLOW = pytest.mark.slow


@pytest.fixture
def fd() -> Iterator[int]:
    number = make_ring()
    yield number
    os.close(number)


def voice(seconds: float) -> NDArray[np.int16]:
    noise = np.random.default_rng(2).normal(0, 1, int(seconds * 48_000))
    return np.asarray(np.convolve(noise, np.hanning(240) / 40, "same") * 20_000, dtype=np.int16)


def played(
    fd: int, sound: NDArray[np.int16], speaker_hz: float, microphone_hz: float, delay_s: float
) -> list[bytes]:
    """Two devices with their own clocks; the reference of every block of 20 ms of the microphone."""
    writer, reference = EchoWriter(fd), EchoReference(EchoRing(fd))
    blocks, at, samples = [], 0, 0
    while at + 480 <= len(sound):
        writer.write(sound[at : at + 480].tobytes(), 480, at / speaker_hz)
        at += 480
        while samples / microphone_hz + delay_s < at / speaker_hz - 0.1:
            blocks.append(reference.block(samples / microphone_hz + delay_s, 320))
            samples += 320
    assert reference.samples_in == samples
    return blocks


@pytest.mark.parametrize("ppm", [-200, pytest.param(-150, marks=SLOW), 0, pytest.param(150, marks=SLOW), 200])
def test_the_reference_stays_with_the_microphone_whatever_their_clocks_do(fd: int, ppm: float) -> None:
    sound = voice(30)
    microphone_hz = 16_000 * (1 + ppm / 1e6)

    blocks = played(fd, sound, 48_000, microphone_hz, 0.0)

    heard = np.frombuffer(b"".join(blocks), "<i2").astype(float)
    smooth = np.convolve(sound.astype(float), np.ones(3) / 3, "same")
    true = np.interp(np.arange(len(heard)) / microphone_hz * 48_000, np.arange(len(smooth)), smooth)
    for second in range(2, len(heard) // 16_000):
        part = slice(second * 16_000, second * 16_000 + 3_200)
        assert np.corrcoef(heard[part], true[part])[0, 1] > 0.96


def test_without_a_speaker_the_reference_is_silence(fd: int) -> None:
    reference = EchoReference(EchoRing(fd))

    assert reference.block(1.0, 320) == bytes(640)
    assert reference.drift_ppm == 0.0


def test_where_nothing_was_played_the_reference_is_silence(fd: int) -> None:
    EchoWriter(fd).write(None, 480, 1.0)

    assert EchoReference(EchoRing(fd)).block(1.0, 160) == bytes(320)


def test_at_48_khz_it_is_what_was_played(fd: int) -> None:
    sound = voice(1)
    writer, reference = EchoWriter(fd), EchoReference(EchoRing(fd), 48_000)
    for at in range(0, 48_000, 480):
        writer.write(sound[at : at + 480].tobytes(), 480, at / 48_000)

    blocks = [reference.block(0.1 + block * 0.01, 480) for block in range(20)]

    assert b"".join(blocks) == sound[4_800 : 4_800 + 9_600].tobytes()
    assert reference.frames_out == 9_600


def test_a_speaker_that_was_opened_anew_is_joined_anew(fd: int) -> None:
    writer, reference = EchoWriter(fd), EchoReference(EchoRing(fd), 48_000)
    writer.write(voice(0.1).tobytes(), 4_800, 0.0)
    reference.block(0.0, 480)

    EchoWriter(fd).write(voice(0.1).tobytes(), 4_800, 9.0)
    reference.block(0.01, 480)

    assert reference.jumps == 1


def test_other_rates_are_refused(fd: int) -> None:
    with pytest.raises(ValueError, match="44100"):
        EchoReference(EchoRing(fd), 44_100)


def test_a_block_of_60_ms_keeps_up_with_two_clocks_that_are_far_apart(fd: int) -> None:
    writer, reference = EchoWriter(fd), EchoReference(EchoRing(fd))
    speaker_hz, microphone_hz = 48_000 * 1.0002, 16_000 * 0.9998

    asked = 0
    for _ in range(1_000):
        while asked / microphone_hz + 0.1 > writer_at(writer) / speaker_hz:
            writer.write(b"\x01\x00" * 480, 480, writer_at(writer) / speaker_hz)
        reference.block(asked / microphone_hz, 960)
        asked += 960

    true = asked / microphone_hz * speaker_hz
    assert reference._next == pytest.approx(true, abs=0.0005 * 48_000)
    assert reference.slips > 500


def writer_at(writer: EchoWriter) -> int:
    """Frames that were written."""
    return writer._frames


def test_while_the_speaker_sleeps_silence_costs_nothing_and_what_follows_is_where_it_belongs() -> None:
    fd = make_ring()
    writer, reference = EchoWriter(fd), EchoReference(EchoRing(fd), decimated=False)
    for block in range(100):
        writer.write(None, 480, 10.0 + block / 100)
    heard = [reference.block(10.02 + block / 50, 320, 0.02) for block in range(500)]
    # Woken after nine seconds: 2,000 from 20.5 s on.
    writer.resume(20.0)
    for block in range(100):
        loud = array("h", [2_000] * 480).tobytes()
        writer.write(loud if block >= 50 else None, 480, 20.0 + block / 100)
    after = b"".join(reference.block(20.02 + block / 50, 320, 0.02) for block in range(50))
    os.close(fd)

    assert not any(any(block) for block in heard)
    frames = array("h", after)
    assert len(frames) == 48_000
    begins = next(number for number, frame in enumerate(frames) if frame)
    assert abs(begins - 24_000) < 100
    assert reference.jumps == 0
