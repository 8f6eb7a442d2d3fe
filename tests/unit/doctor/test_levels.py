"""How loud a recording is, and what is wrong with it."""

from __future__ import annotations

import math
import struct

import pytest

from ravatard.doctor.levels import NOTHING_DB, decibels, levels


def tone(amplitude: float, seconds: float = 0.5, offset: int = 0) -> bytes:
    samples = (
        max(-32768, min(32767, round(amplitude * math.sin(number / 3)) + offset))
        for number in range(round(16_000 * seconds))
    )
    return b"".join(struct.pack("<h", sample) for sample in samples)


def test_a_tone_has_the_level_of_its_amplitude() -> None:
    found = levels(tone(3276.8))

    assert found.level_db == pytest.approx(-23.0, abs=0.2)
    assert found.peak_db == pytest.approx(-20.0, abs=0.1)
    assert found.clipped == 0
    assert not found.zeros


def test_the_floor_is_the_quietest_tenth_and_the_loudest_a_single_frame() -> None:
    found = levels(tone(33, 0.9) + tone(16_000, 0.1))

    assert found.floor_db == pytest.approx(-63, abs=1)
    assert found.loudest_db == pytest.approx(-9.2, abs=0.5)


def test_an_offset_is_measured_and_is_no_sound() -> None:
    found = levels(tone(33, offset=3277))

    assert found.offset == pytest.approx(0.1, abs=0.001)
    assert found.level_db == pytest.approx(-63, abs=1)


def test_clipped_frames_are_counted() -> None:
    found = levels(tone(60_000, 0.25) + tone(100, 0.25))

    assert found.clipped == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    "pcm", [b"", b"\0", bytes(200), bytes(64_000)], ids=["none", "half", "little", "much"]
)
def test_silence_of_any_length_is_nothing_and_never_an_error(pcm: bytes) -> None:
    found = levels(pcm)

    assert found.zeros
    assert found.level_db == found.floor_db == found.loudest_db == found.peak_db == NOTHING_DB


def test_decibels_of_full_scale_are_zero() -> None:
    assert decibels(32_768) == 0
    assert decibels(0) == NOTHING_DB
