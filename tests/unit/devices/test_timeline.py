from __future__ import annotations

import random

import pytest

from ravatard.devices.timeline import Timeline


def test_before_anything_was_seen_there_is_no_time() -> None:
    assert Timeline(48_000).time_of(480) == 0.0


def test_a_steady_clock_is_followed_exactly() -> None:
    line = Timeline(48_000)

    for block in range(100):
        line.observe(block * 480, 5.0 + block * 0.01)

    assert line.time_of(48_000) == pytest.approx(6.0, abs=1e-9)


@pytest.mark.parametrize("ppm", [-300, -50, 0, 50, 300])
def test_a_clock_that_is_off_is_found_through_jitter(ppm: float) -> None:
    line, chance = Timeline(48_000), random.Random(1)
    true_hz = 48_000 * (1 + ppm / 1e6)

    for block in range(6_000):
        line.observe(block * 480, block * 480 / true_hz + chance.gauss(0, 0.001))

    assert line.rate_hz == pytest.approx(true_hz, rel=3e-5)
    assert line.time_of(6_000 * 480) == pytest.approx(6_000 * 480 / true_hz, abs=0.0003)


def test_one_late_look_changes_nothing_and_a_jump_begins_anew() -> None:
    line = Timeline(48_000)
    for block in range(100):
        line.observe(block * 480, block * 0.01)

    line.observe(48_000, 1.03)
    late = line.time_of(48_000)
    for block in range(101, 105):
        line.observe(block * 480, 0.5 + block * 0.01)

    assert late == pytest.approx(1.0, abs=1e-6)
    assert line.jumps == 1
    assert line.time_of(48_000) == pytest.approx(1.5, abs=1e-6)


def test_no_clock_is_believed_to_be_worse_than_any_crystal() -> None:
    line = Timeline(48_000)

    for block in range(3_000):
        line.observe(block * 480, block * 0.01002)

    assert abs(line.rate_hz / 48_000 - 1) <= 1.001e-3


def test_a_frame_seen_twice_counts_once() -> None:
    line = Timeline(48_000)
    line.observe(480, 1.0)

    line.observe(480, 1.005)

    assert line.time_of(480) == 1.0
