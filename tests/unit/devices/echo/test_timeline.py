from __future__ import annotations

import random

import pytest

from ravatard.devices.echo.timeline import Timeline

WAY_S = 0.03


class Device:
    """A converter whose clock is off, and a machine that is late."""

    def __init__(self, ppm: float = 0.0, *, late_s: float = 0.0, block: int = 480, seed: int = 1) -> None:
        self.line = Timeline(48_000)
        self.true_hz = 48_000 * (1 + ppm / 1e6)
        self.frame = 0
        self.lost_s = 0.0
        self.errors: list[float] = []
        self._late_s = late_s
        self._block = block
        self._chance = random.Random(seed)

    def true(self, frame: float) -> float:
        return 7.0 + frame / self.true_hz + self.lost_s

    def lateness(self) -> float:
        """As recorded: exponential, and in a twentieth of all blocks up to 50 ms."""
        if not self._late_s:
            return 0.0
        outlier = 0.05 * self._chance.random() if self._chance.random() < 0.05 else 0.0
        return self._chance.expovariate(1 / self._late_s) + outlier

    def runs(
        self, seconds: float, *, way_s: float = WAY_S, reports: bool = False, early_s: float = 0.0
    ) -> None:
        """``reports``: the way is shorter by what a block is late, as a good driver says it."""
        until = self.frame + int(seconds * 48_000)
        while self.frame < until:
            late = self.lateness()
            seen_at = self.true(self.frame) - WAY_S + late - early_s
            self.line.observe(self.frame, seen_at, way_s - (late if reports else 0.0))
            self.frame += self._block
            self.errors.append(self.line.time_of(self.frame) - self.true(self.frame))

    @property
    def error_ms(self) -> float:
        return self.errors[-1] * 1000

    def worst_ms(self, since_s: float) -> float:
        return max(abs(error) for error in self.errors[int(since_s * 48_000 / self._block) :]) * 1000


def test_before_anything_was_seen_there_is_no_time() -> None:
    assert Timeline(48_000).time_of(480) == 0.0


def test_a_steady_clock_is_followed_exactly() -> None:
    device = Device()

    device.runs(10)

    assert device.worst_ms(0) < 1e-6


@pytest.mark.parametrize("block", [480, 2_880, 5_280], ids=["10 ms", "60 ms", "110 ms"])
@pytest.mark.parametrize("ppm", [-200, -50, 0, 50, 200])
@pytest.mark.parametrize("seed", range(4))
def test_after_five_seconds_it_is_right_to_a_millisecond_for_a_minute_whatever_is_late(
    seed: int, ppm: float, block: int
) -> None:
    device = Device(ppm, late_s=0.001, block=block, seed=seed)

    device.runs(65)

    assert device.worst_ms(5) <= 1.0


@pytest.mark.parametrize("ppm", [-200, 200])
def test_the_rate_of_a_clock_is_found(ppm: float) -> None:
    device = Device(ppm, late_s=0.001)

    device.runs(60)

    assert device.line.rate_hz == pytest.approx(device.true_hz, rel=2e-5)


@pytest.mark.parametrize("late_s", [0.0, 0.001])
@pytest.mark.parametrize("lost_s", [0.003, 0.01, 0.25])
def test_sound_that_was_lost_is_known_within_a_second(lost_s: float, late_s: float) -> None:
    device = Device(100, late_s=late_s)
    device.runs(20)

    device.lost_s = lost_s
    device.runs(1)

    assert device.error_ms == pytest.approx(0.0, abs=1.0)
    device.runs(20)
    assert device.worst_ms(21) <= 1.0


def test_a_driver_that_reports_well_makes_a_loss_known_in_three_blocks() -> None:
    device = Device(late_s=0.001)
    device.runs(10, reports=True)

    device.lost_s = 0.04
    device.runs(0.05, reports=True)

    assert device.error_ms == pytest.approx(0.0, abs=0.5)
    assert device.line.jumps == 1


@pytest.mark.parametrize("by_s", [-0.02, 0.02])
def test_a_buffer_that_grows_or_shrinks_on_the_way_moves_nothing(by_s: float) -> None:
    device = Device(late_s=0.0003)
    device.runs(10)

    device.runs(10, way_s=WAY_S + by_s, early_s=by_s)

    assert device.worst_ms(0) <= 1.0
    assert device.line.jumps == 0


def test_a_figure_that_wanders_while_the_sound_stands_still_moves_nothing() -> None:
    device = Device()
    device.runs(10)

    for step in range(100):
        device.runs(0.2, way_s=WAY_S + 0.00015 * step)

    assert device.worst_ms(0) <= 0.1


def test_a_way_that_is_another_one_is_taken_within_a_second() -> None:
    device = Device()
    device.runs(10)

    device.runs(1, way_s=WAY_S + 0.4)

    assert device.line.jumps == 1
    assert device.error_ms == pytest.approx(400.0, abs=0.1)


def test_a_report_that_wanders_and_jumps_back_moves_nothing() -> None:
    # As PulseAudio's on a busy machine: up by 14 ms a second for some seconds, and back at once.
    device = Device(-190, late_s=0.0002)
    device.runs(5)

    for _ in range(3):
        for step in range(150):
            device.runs(0.02, way_s=WAY_S + 0.00028 * step)
        device.runs(1)

    assert device.worst_ms(5) <= 1.0
    assert device.line.jumps == 0


def test_a_loss_in_the_middle_of_a_wandering_report_is_as_long_as_it_was() -> None:
    device = Device(100, late_s=0.0002)
    device.runs(5)
    for step in range(150):
        device.runs(0.02, way_s=WAY_S + 0.00028 * step)

    device.lost_s = 0.08
    device.runs(10)

    assert device.worst_ms(9) <= 1.0


@pytest.mark.parametrize("lost_s", [0.002, 0.004, 0.03])
def test_ten_losses_do_not_add_up(lost_s: float) -> None:
    device = Device(-190, late_s=0.0001)
    device.runs(8)

    for _ in range(10):
        device.lost_s += lost_s
        device.runs(4)

    assert abs(device.error_ms) <= 1.0


class Jittery(Device):
    """A microphone of PulseAudio: its blocks come in bursts, its reports are precise, but one in ten."""

    def runs(self, seconds: float, **_: object) -> None:
        until = self.frame + int(seconds * 48_000)
        while self.frame < until:
            late = self._chance.choice((0.0, 0.004, 0.009, 0.014, 0.019)) + self._chance.random() * 1e-4
            early = 0.005 if self.frame // self._block % 10 == 9 else 0.0
            self.line.observe(self.frame, self.true(self.frame) + WAY_S + late, -WAY_S - late - early)
            self.frame += self._block
            self.errors.append(self.line.time_of(self.frame) - self.true(self.frame))


@pytest.mark.parametrize("ppm", [-200, 0, 200])
def test_a_microphone_whose_blocks_come_in_bursts_is_followed_by_its_reports(ppm: float) -> None:
    device = Jittery(ppm, block=960)

    device.runs(60)

    assert device.worst_ms(5) <= 0.5


@pytest.mark.parametrize("ppm", [-1_000, 1_000])
def test_a_clock_that_is_off_by_a_thousandth_is_followed(ppm: float) -> None:
    device = Device(ppm, late_s=0.0002)

    device.runs(30)

    assert device.worst_ms(5) <= 0.5


def test_one_block_is_not_believed_however_late_or_early() -> None:
    device = Device()
    device.runs(10)

    device.line.observe(device.frame, device.true(device.frame) + 9.0, WAY_S)
    device.line.observe(device.frame + 480, device.true(device.frame + 480) - 9.0, WAY_S)
    device.frame += 960
    device.runs(5)

    assert device.worst_ms(0) <= 0.1
    assert device.line.jumps == 0


def test_when_nothing_fits_any_more_it_begins_anew() -> None:
    device = Device()
    device.runs(10)

    for number in range(200):
        device.runs(0.1, early_s=(-1) ** number * 0.03 * number)
    device.runs(5)

    assert device.error_ms == pytest.approx(0.0, abs=1.0)


def test_no_clock_is_believed_to_be_worse_than_any_known() -> None:
    device = Device(3_000)

    device.runs(30)

    assert abs(device.line.rate_hz / 48_000 - 1) <= 1.51e-3


def test_what_is_known_of_a_clock_before_is_believed_at_first() -> None:
    line = Timeline(48_000, known_hz=48_004.8)
    line.observe(0, 1.0)

    assert line.time_of(48_004.8) == pytest.approx(2.0, abs=1e-6)


def test_a_frame_seen_twice_counts_once() -> None:
    line = Timeline(48_000)
    line.observe(480, 1.0)

    line.observe(480, 0.5)

    assert line.time_of(480) == 1.0
