"""Steady noise that drowns speech is a fault in words; passing noise is none."""

from __future__ import annotations

import pytest

from ravatard.core.audio.endpointing.steady_noise import SteadyNoise


def told(noise: SteadyNoise, floor_db: float, begin: int, end: int) -> list[int]:
    """Return the seconds at which the sentence changed, with this floor from ``begin`` on."""
    return [at for at in range(begin, end) if noise.heard(floor_db, float(at))]


def test_noise_that_lasts_is_told_once_and_its_end_as_well() -> None:
    noise = SteadyNoise()

    assert told(noise, -20.0, 0, 200) == [60]
    assert "steady noise of -20 dBFS" in noise.sentence
    assert told(noise, -50.0, 200, 400) == [260]
    assert noise.sentence == ""


@pytest.mark.parametrize("floor_db", [-32.0, -33.0, -72.0])
def test_a_room_in_which_speech_stands_out_is_no_fault(floor_db: float) -> None:
    noise = SteadyNoise()

    assert told(noise, floor_db, 0, 600) == []
    assert noise.sentence == ""


def test_a_vacuum_cleaner_that_passes_is_no_fault() -> None:
    noise = SteadyNoise()

    assert told(noise, -15.0, 0, 50) + told(noise, -50.0, 50, 55) + told(noise, -15.0, 55, 110) == []


def test_a_floor_around_the_limit_does_not_flicker() -> None:
    noise = SteadyNoise()
    told(noise, -20.0, 0, 61)

    assert told(noise, -33.0, 61, 600) == []
    assert noise.sentence
