"""Patterns of the looks for each kind of light: values to write in turn, and how long each stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from ravatard.core.indication import Light

#: Length of a step of a fade: 25 a second look smooth, and each is a wake-up.
STEP_S = 0.04
#: A colour darker than this is a glow, which a dimmable LED of any colour can show.
_GLOW = 0.5

Colour = tuple[float, float, float]
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class PatternStep(Generic[V_co]):
    """A value to write to the pin, and how long it stays; 0 seconds: without limit."""

    value: V_co
    seconds: float


#: Steps that are written in turn, repeatedly.
Pattern = tuple[PatternStep[V], ...]


def _rhythm(on_s: float, off_s: float, fade_s: float, step_s: float = STEP_S) -> Pattern[float]:
    """Return the brightness over one period: fading in and out, on and off, or steadily on."""
    if fade_s:
        count = max(2, round(fade_s / step_s))
        rise = tuple(PatternStep(index / count, fade_s / count) for index in range(count))
        fall = tuple(PatternStep(1 - index / count, fade_s / count) for index in range(count))
        return rise + fall
    if off_s:
        return (PatternStep(1.0, on_s), PatternStep(0.0, off_s))
    return (PatternStep(1.0, 0.0),)


def _plain_rhythm(light: Light) -> Pattern[float]:
    """Return the rhythm that distinguishes this light from every other one without its colour."""
    on_s = light.on_s if light.plain_on_s is None else light.plain_on_s
    off_s = light.off_s if light.plain_off_s is None else light.plain_off_s
    return _rhythm(on_s, off_s, 0.0) if any(light.colour) else (PatternStep(0.0, 0.0),)


def plain_pattern(light: Light) -> Pattern[bool]:
    """Return the pattern for an LED that is on or off."""
    return tuple(PatternStep(step.value > 0, step.seconds) for step in _plain_rhythm(light))


def dimmed_pattern(light: Light, brightness: float) -> Pattern[float]:
    """Return the pattern for one dimmable LED; ``brightness`` is between 0 and 1."""
    peak = max(light.colour)
    if light.fade_s:
        rhythm = _rhythm(0.0, 0.0, light.fade_s)
    elif 0 < peak < _GLOW:
        rhythm = (PatternStep(peak, 0.0),)
    else:
        rhythm = _plain_rhythm(light)
    return tuple(PatternStep(step.value * brightness, step.seconds) for step in rhythm)


def coloured_pattern(light: Light, brightness: float, step_s: float = STEP_S) -> Pattern[Colour]:
    """Return the pattern for an RGB LED; ``brightness`` is 0 to 1, ``step_s`` the length of a fade's step."""
    red, green, blue = light.colour
    return tuple(
        PatternStep((red * level, green * level, blue * level), step.seconds)
        for step in _rhythm(light.on_s, light.off_s, light.fade_s, step_s)
        for level in (step.value * brightness,)
    )
