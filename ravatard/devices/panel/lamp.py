"""Lights: one LED, one dimmable LED, one RGB LED or a row of pixels, playing the pattern of a look."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from ravatard.core.indication import FULLY_LIT, LIGHTS, Look
from ravatard.devices.panel.options import LightsOptions, PixelOptions
from ravatard.devices.panel.patterns import (
    Colour,
    Pattern,
    PatternStep,
    coloured_pattern,
    dimmed_pattern,
    plain_pattern,
)
from ravatard.devices.panel.pins import PinFactory, foreign_errors, open_pins
from ravatard.devices.panel.pixels import pixel_patterns
from ravatard.devices.panel.strip import SpiDevice, open_strip
from ravatard.errors import DeviceError
from ravatard.ports.panel import Lamp

_LOG = logging.getLogger(__name__)

V = TypeVar("V")


class OutputPin(Protocol[V]):
    """The part of gpiozero's LED, PWMLED and RGBLED that is used; a strip of pixels has it, too."""

    value: V

    def close(self) -> None:
        """Release the pins."""
        ...


class PatternLamp(Generic[V]):
    """Plays patterns on an LED; implements :class:`ravatard.ports.panel.Lamp`.

    Patterns run on timers of the event loop, not in gpiozero's ``blink`` and ``pulse`` threads: those know no
    brightness (PWMLED), and stopping one takes a wait. A steady look sets no timer. If the loop hangs, the
    light stops, too, and so shows it.
    """

    def __init__(self, pin: OutputPin[V], patterns: Callable[[int], dict[Look, Pattern[V]]]) -> None:
        """``patterns`` gives the patterns that are no brighter than so many percent of full."""
        self._pin = pin
        self._make = patterns
        self._percent = FULLY_LIT
        self._patterns = patterns(FULLY_LIT)
        self._look: Look | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._usable = True

    def show(self, look: Look) -> None:
        """Show ``look`` until the next call; the same look again changes nothing. Needs a running loop."""
        if look is self._look or not self._usable:
            return
        self._look = look
        self._restart(look)

    def dim(self, percent: int) -> None:
        """See the port. A pattern that runs begins anew."""
        if percent == self._percent:
            return
        self._percent = percent
        self._patterns = self._make(percent)
        if self._look is not None and self._usable:
            self._restart(self._look)

    def _restart(self, look: Look) -> None:
        self._cancel()
        loop = asyncio.get_running_loop()
        self._play(loop, self._patterns[look], 0, loop.time())

    def close(self) -> None:
        """Switch the lights off and release the pins. Idempotent; never raises."""
        self._cancel()
        if self._usable:
            self._write(self._patterns[Look.OFF][0].value)
        self._usable = False
        try:
            self._pin.close()
        except foreign_errors() as error:
            _LOG.debug("the lights' pins could not be released: %s", error)

    def _play(self, loop: asyncio.AbstractEventLoop, pattern: Pattern[V], index: int, due: float) -> None:
        """Write one step and set the timer of the next; late steps are not caught up."""
        step = pattern[index]
        self._timer = None
        if self._write(step.value) and len(pattern) > 1:
            now = loop.time()
            due = step.seconds + (due if now - due < step.seconds else now)
            self._timer = loop.call_at(due, self._play, loop, pattern, (index + 1) % len(pattern), due)

    def _write(self, value: V) -> bool:
        """Light the LED; return False if that failed. It is not tried again: lost pins do not come back."""
        try:
            self._pin.value = value
        except foreign_errors() as error:
            self._usable = False
            _LOG.warning("the lights stay dark from now on: writing to their pins failed (%s)", error)
        return self._usable

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class DarkLamp:
    """No lights; implements :class:`ravatard.ports.panel.Lamp`."""

    def show(self, look: Look) -> None:
        """Show nothing."""

    def dim(self, percent: int) -> None:
        """Do nothing: it is dark."""

    def close(self) -> None:
        """Do nothing."""


def open_lamp(
    options: LightsOptions,
    factory: PinFactory | None = None,
    *,
    pixels: PixelOptions | None = None,
    spi: Callable[[], SpiDevice] | None = None,
) -> Lamp:
    """Open the configured lights.

    Args:
        options: section ``lights``.
        factory: gpiozero pin factory; None for gpiozero's own choice.
        pixels: section ``pixels``; None for its defaults.
        spi: makes an unopened SPI device; None for spidev's.

    Raises:
        DeviceError: the pins cannot be used, or are not configured.
    """
    if options.kind == "none":
        return DarkLamp()

    def bright(percent: int) -> float:
        return min(options.brightness, percent) / 100

    if options.kind == "apa102":
        row = PixelOptions() if pixels is None else pixels
        strip = open_strip(row, factory, spi=spi)
        return PatternLamp(strip, lambda percent: pixel_patterns(row, bright(percent), strip.step_s))
    if options.kind == "rgb":
        rgb = _configured(options, "red", "green", "blue")
        colours: OutputPin[Colour] = open_pins(
            rgb,
            lambda gpiozero, pins: gpiozero.RGBLED(
                *rgb.values(), active_high=options.active_high, pin_factory=pins
            ),
            factory,
        )
        return PatternLamp(
            colours,
            lambda percent: {look: coloured_pattern(one, bright(percent)) for look, one in LIGHTS.items()},
        )
    one = _configured(options, "pin")
    (number,) = one.values()
    if options.kind == "pwm":
        dimmer: OutputPin[float] = open_pins(
            one,
            lambda gpiozero, pins: gpiozero.PWMLED(number, active_high=options.active_high, pin_factory=pins),
            factory,
        )
        return PatternLamp(
            dimmer,
            lambda percent: {look: dimmed_pattern(one, bright(percent)) for look, one in LIGHTS.items()},
        )
    switch: OutputPin[bool] = open_pins(
        one,
        lambda gpiozero, pins: gpiozero.LED(number, active_high=options.active_high, pin_factory=pins),
        factory,
    )
    dark: Pattern[bool] = (PatternStep(False, 0.0),)
    return PatternLamp(
        switch,
        lambda percent: {look: plain_pattern(one) if percent else dark for look, one in LIGHTS.items()},
    )


def _configured(options: LightsOptions, *names: str) -> dict[str, int]:
    """Return the pins of these options, all of which this kind of light needs."""
    pins = {name: getattr(options, name) for name in names}
    if missing := [f"lights.{name}" for name, number in pins.items() if number is None]:
        raise DeviceError(f"lights.kind is {options.kind!r}, but {' and '.join(missing)} is not set; set it")
    return {f"lights.{name}": number for name, number in pins.items()}
