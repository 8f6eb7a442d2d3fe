"""Frames are counted over a minute, and a network that is too slow for them is told once."""

from __future__ import annotations

import pytest

from ravatard.cloud.avatar.frames import FrameMeter


def test_without_frames_the_rate_is_nothing() -> None:
    meter = FrameMeter()

    assert meter.rate(10.0) == (0.0, 0.0)
    meter.begin(10.0)
    assert meter.rate(20.0) == (0.0, 0.0)


def test_the_rate_is_that_of_the_last_minute() -> None:
    meter = FrameMeter()
    meter.begin(0.0)

    for number in range(120 * 5):
        meter.take(1_000, None, number / 5)

    assert meter.rate(120.0) == pytest.approx((5.0, 5_000.0), rel=0.03)
    assert (meter.count, meter.total_bytes) == (600, 600_000)


def test_a_picture_that_falls_behind_for_ten_seconds_is_told_once() -> None:
    meter = FrameMeter()
    meter.begin(0.0)

    told = [
        number
        for number in range(300)
        if meter.take(1_000, 1_000.0 + number / 10 - max(0.0, number / 10 - 5.0) * 0.5, number / 10)
    ]

    # It is 3 s late from 11 s on.
    assert told == [pytest.approx(211, abs=2)]


def test_a_picture_that_catches_up_is_not_told() -> None:
    meter = FrameMeter()
    meter.begin(0.0)

    late = [4.0 if 50 < number < 140 else 0.0 for number in range(300)]

    assert not any(meter.take(1_000, 1_000.0 + at / 10 - late[at], at / 10) for at in range(300))
