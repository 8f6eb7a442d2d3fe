"""Patterns of a row of coloured pixels for each look: the same on all, or a moving light."""

from __future__ import annotations

import math
from collections.abc import Callable

from ravatard.core.indication import LIGHTS, Look
from ravatard.devices.panel.options import PixelOptions
from ravatard.devices.panel.patterns import Colour, Pattern, PatternStep, coloured_pattern

#: The colours of all pixels at one moment, the one beside the connector first.
Frame = tuple[Colour, ...]

#: Current of one colour of one pixel at full brightness (APA102 data sheet: 20 mA a channel).
CHANNEL_MA = 20.0

#: Thinking: one round of the bright spot. Speaking: one wave. Slow enough to be pleasant.
_ROUND_S = 1.2
_WAVE_S = 0.8
#: Part of the colour on the pixels away from a moving light.
_REST = 0.06
_TROUGH = 0.3
#: With fewer steps a moving light jumps.
_FEWEST_STEPS = 8


def pixel_patterns(options: PixelOptions, brightness: float, step_s: float) -> dict[Look, Pattern[Frame]]:
    """Return the pattern of every look.

    Args:
        options: section ``pixels``.
        brightness: 0 to 1, before the limit on the current.
        step_s: least length of a step of a fade or of a moving light.
    """
    return {look: _limited(_pattern(look, options, brightness, step_s), options.current_ma) for look in Look}


def current_ma(frame: Frame) -> float:
    """Return the current of the pixels that show ``frame``, without the 1 mA that each always needs."""
    return CHANNEL_MA * sum(map(sum, frame))


def _pattern(look: Look, options: PixelOptions, brightness: float, step_s: float) -> Pattern[Frame]:
    count = options.count
    if options.chase and count > 1:
        if look is Look.THINKING:
            return _moving(look, count, brightness, _ROUND_S, step_s, _spot)
        if look is Look.SPEAKING:
            return _moving(look, count, brightness, _WAVE_S, step_s, _wave)
    plain = coloured_pattern(LIGHTS[look], brightness, step_s)
    return tuple(PatternStep((step.value,) * count, step.seconds) for step in plain)


def _moving(
    look: Look,
    count: int,
    brightness: float,
    period_s: float,
    step_s: float,
    level: Callable[[float, int, int], float],
) -> Pattern[Frame]:
    """Return one period of a light whose pixels have ``level(phase, pixel, count)`` of the look's colour."""
    red, green, blue = (part * brightness for part in LIGHTS[look].colour)
    steps = max(_FEWEST_STEPS, round(period_s / step_s))
    frames = []
    for step in range(steps):
        levels = [level(step / steps, pixel, count) for pixel in range(count)]
        frames.append(tuple((red * one, green * one, blue * one) for one in levels))
    return tuple(PatternStep(frame, period_s / steps) for frame in frames)


def _spot(phase: float, pixel: int, count: int) -> float:
    """Level of a bright spot that goes round and fades towards its neighbours."""
    near = max(0.0, math.cos(2 * math.pi * (phase - pixel / count)))
    return _REST + (1 - _REST) * near * near


def _wave(phase: float, pixel: int, count: int) -> float:
    """Level of neighbours that swell in turn; none is ever dark."""
    swell = (1 + math.cos(2 * math.pi * (phase + (pixel % 2) / 2))) / 2
    return _TROUGH + (1 - _TROUGH) * swell


def _limited(pattern: Pattern[Frame], limit_ma: float) -> Pattern[Frame]:
    """Return the pattern, darkened so that its brightest step draws no more than ``limit_ma``."""
    peak_ma = max(current_ma(step.value) for step in pattern)
    if peak_ma <= limit_ma:
        return pattern
    share = limit_ma / peak_ma
    return tuple(
        PatternStep(
            tuple((red * share, green * share, blue * share) for red, green, blue in step.value), step.seconds
        )
        for step in pattern
    )
