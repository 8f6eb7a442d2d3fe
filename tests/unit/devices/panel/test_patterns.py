"""Every look on every kind of light is one of its own, and only off is dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ravatard.core.indication import LIGHTS, Light, Look
from ravatard.devices.panel.patterns import (
    Pattern,
    PatternStep,
    coloured_pattern,
    dimmed_pattern,
    plain_pattern,
)

PATTERNS: list[Callable[[Light], Pattern[object]]] = [
    plain_pattern,
    lambda light: dimmed_pattern(light, 1.0),
    lambda light: coloured_pattern(light, 1.0),
]


@pytest.mark.parametrize("pattern", PATTERNS, ids=["led", "pwm", "rgb"])
def test_no_two_looks_look_the_same(pattern: Callable[[Light], Pattern[object]]) -> None:
    seen = {pattern(light): look for look, light in LIGHTS.items()}

    assert len(seen) == len(LIGHTS)


@pytest.mark.parametrize("pattern", PATTERNS, ids=["led", "pwm", "rgb"])
def test_only_off_is_dark_all_the_time(pattern: Callable[[Light], Pattern[object]]) -> None:
    dark = [
        look
        for look, light in LIGHTS.items()
        if not any(step.value not in (0, False, (0, 0, 0)) for step in pattern(light))
    ]

    assert dark == [Look.OFF]


def test_a_very_short_fade_still_has_two_ends() -> None:
    assert dimmed_pattern(Light((1, 1, 1), fade_s=0.01), 1.0) == (
        PatternStep(0.0, 0.005),
        PatternStep(0.5, 0.005),
        PatternStep(1.0, 0.005),
        PatternStep(0.5, 0.005),
    )


def test_a_slower_step_makes_a_fade_of_the_same_length_with_fewer_writes() -> None:
    slow = coloured_pattern(LIGHTS[Look.STARTING], 1.0, 0.1)

    assert len(slow) == 20
    assert sum(step.seconds for step in slow) == pytest.approx(2.0)
