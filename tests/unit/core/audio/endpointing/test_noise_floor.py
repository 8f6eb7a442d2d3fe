"""How loud the room is when nobody speaks."""

from __future__ import annotations

import pytest

from ravatard.core.audio.endpointing.noise_floor import BLOCK_MS, BLOCKS, LOWEST_DB, NoiseFloor

WINDOW_MS = BLOCK_MS * BLOCKS


def after(floor: NoiseFloor, level_db: float, duration_ms: int, frame_ms: int) -> float:
    for _ in range(duration_ms // frame_ms):
        floor.update(level_db)
    return floor.db


def test_before_the_first_frame_the_room_is_as_quiet_as_can_be() -> None:
    floor = NoiseFloor(20)

    assert floor.db == LOWEST_DB


@pytest.mark.parametrize("frame_ms", [10, 20, 30])
def test_the_floor_goes_down_at_once(frame_ms: int) -> None:
    floor = NoiseFloor(frame_ms)
    after(floor, -30, 1_000, frame_ms)

    assert after(floor, -60, 300, frame_ms) < -55


@pytest.mark.parametrize("frame_ms", [10, 20, 30])
def test_noise_that_was_switched_on_is_the_floor_after_the_window(frame_ms: int) -> None:
    floor = NoiseFloor(frame_ms)
    after(floor, -60, 5_000, frame_ms)

    assert after(floor, -30, WINDOW_MS - 2 * BLOCK_MS, frame_ms) == pytest.approx(-60, abs=1)
    assert after(floor, -30, 3 * BLOCK_MS, frame_ms) == pytest.approx(-30, abs=1)


def test_speech_with_gaps_does_not_lift_the_floor() -> None:
    floor = NoiseFloor(20)
    after(floor, -60, 3_000, 20)

    for _ in range(10):
        after(floor, -25, 1_500, 20)
        after(floor, -60, 200, 20)

    assert floor.db < -55


def test_one_outlier_in_steady_noise_hardly_moves_the_floor() -> None:
    floor = NoiseFloor(20)
    after(floor, -40, 3_000, 20)

    floor.update(-50)

    assert floor.db == pytest.approx(-43, abs=0.5)


def test_digital_silence_is_not_taken_for_a_room() -> None:
    floor = NoiseFloor(20)

    assert after(floor, -96, 1_000, 20) == LOWEST_DB
