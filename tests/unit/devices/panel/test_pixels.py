"""What a row of pixels shows: every look of its own, never more current than allowed, wandering gently."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from ravatard.core.indication import LIGHTS, Look
from ravatard.devices.panel.options import PixelOptions
from ravatard.devices.panel.pixels import current_ma, pixel_patterns

ROWS = [PixelOptions(count=1), PixelOptions(count=3), PixelOptions(count=12), PixelOptions(chase=False)]


def patterns(step_s: float = 0.04, brightness: float = 1.0, **options: Any) -> dict[Look, Any]:
    return pixel_patterns(PixelOptions(current_ma=2_000, **options), brightness, step_s)


@pytest.mark.parametrize("options", ROWS, ids=["one", "three", "ring", "still"])
@pytest.mark.parametrize("step_s", [0.04, 0.1], ids=["spi", "bits"])
def test_no_two_looks_look_the_same_and_only_off_is_dark(options: PixelOptions, step_s: float) -> None:
    shown = pixel_patterns(options, 0.2, step_s)

    assert set(shown) == set(Look)
    assert len({pattern: look for look, pattern in shown.items()}) == len(Look)
    assert [look for look in Look if not any(current_ma(step.value) for step in shown[look])] == [Look.OFF]


@pytest.mark.parametrize("options", ROWS, ids=["one", "three", "ring", "still"])
def test_every_frame_has_a_colour_for_every_pixel(options: PixelOptions) -> None:
    shown = pixel_patterns(options, 1.0, 0.04)

    assert {len(step.value) for pattern in shown.values() for step in pattern} == {options.count}


@pytest.mark.parametrize("limit_ma", [10, 150, 2_000])
@pytest.mark.parametrize("count", [1, 3, 12, 64])
def test_no_moment_draws_more_than_is_allowed(count: int, limit_ma: int) -> None:
    shown = pixel_patterns(PixelOptions(count=count, current_ma=limit_ma), 1.0, 0.04)

    peaks = [max(current_ma(step.value) for step in pattern) for pattern in shown.values()]
    assert max(peaks) <= limit_ma * (1 + 1e-9)


def test_a_limit_keeps_the_colour_and_leaves_what_is_below_it_alone() -> None:
    shown = pixel_patterns(PixelOptions(count=12, current_ma=120), 1.0, 0.04)

    (fault_on, _) = shown[Look.FAULT]
    (ready,) = shown[Look.READY]
    assert fault_on.value == ((0.5, 0.0, 0.0),) * 12
    assert ready.value == (LIGHTS[Look.READY].colour,) * 12


def test_as_they_come_three_pixels_on_a_board_draw_less_than_one_led() -> None:
    shown = pixel_patterns(PixelOptions(), 0.2, 0.04)

    assert max(current_ma(step.value) for pattern in shown.values() for step in pattern) < 20


def test_the_bright_spot_of_thinking_visits_every_pixel_in_order() -> None:
    thinking = patterns(count=12)[Look.THINKING]

    sums = [list(map(sum, step.value)) for step in thinking]
    brightest = [one.index(max(one)) for one in sums]
    assert sorted(set(brightest)) == list(range(12))
    assert all((after - before) % 12 <= 1 for before, after in pairwise(brightest))


def test_speaking_swells_on_neighbours_in_turn_and_darkens_none() -> None:
    speaking = patterns(count=3)[Look.SPEAKING]

    first = [sum(step.value[0]) for step in speaking]
    second = [sum(step.value[1]) for step in speaking]
    assert first.index(max(first)) == second.index(min(second))
    assert min(first) > 0.2 * max(first)


@pytest.mark.parametrize("step_s", [0.04, 0.1])
@pytest.mark.parametrize("look", list(Look))
def test_steps_are_never_shorter_than_the_row_can_be_written(look: Look, step_s: float) -> None:
    steps = patterns(step_s=step_s, count=12)[look]

    # Blinks have steps of their own, as short as 0.1 s.
    assert all(step.seconds >= step_s - 1e-9 for step in steps if len(steps) > 1)


def test_a_row_that_stands_still_shows_what_an_rgb_led_shows() -> None:
    still = patterns(count=3, chase=False)

    assert {step.value[0] == step.value[1] == step.value[2] for step in still[Look.THINKING]} == {True}
    assert len(still[Look.SPEAKING]) == 2
