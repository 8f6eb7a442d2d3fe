"""Access to gpiozero: imports it lazily, and turns its errors and warnings into one sentence."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeVar

from ravatard.errors import DeviceError
from ravatard.installation import adding

_LOG = logging.getLogger(__name__)

T = TypeVar("T")


class PinFactory(Protocol):
    """gpiozero's pin factory: access to the pins of one kind of machine, or to mock pins."""

    def close(self) -> None:
        """Release all pins."""
        ...


#: gpiozero's exceptions, by class name, in words for the owner.
_MEANINGS = {
    "GPIOPinInUse": "is already used by another setting of this configuration; choose another pin",
    "PinInvalidPin": "does not exist on this board; `pinout` shows those that do",
    "PinFixedPull": "has a pull-up resistor on the board; set button.pull_up to true or choose another pin",
    "PinPWMUnsupported": "cannot be dimmed here; set lights.kind to led",
}

#: The same for errors that only their text distinguishes: those of lgpio.
_TEXTS = {
    # lgpio creates a pipe of this name in the working directory (joan2937/lg, lgNotify.c).
    ".lgd-nfy": "lgpio needs a working directory it may write to; start ravatard in one, or set LG_WD",
    "GPIO busy": "is held by another program or a kernel driver; `gpioinfo` shows by which",
    "can not open gpiochip": "may not be opened; add the user to the group gpio",
    "ermission denied": "may not be opened; add the user to the group gpio",
}


def foreign_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of gpiozero and the pin libraries below it. Imports gpiozero."""
    from gpiozero import GPIOZeroError

    # lgpio's own exception does not derive from gpiozero's and passes through it.
    lgpio_error = getattr(sys.modules.get("lgpio"), "error", None)
    own = () if lgpio_error is None else (lgpio_error,)
    return (GPIOZeroError, ImportError, OSError, RuntimeError, *own)


def open_pins(
    settings: dict[str, int],
    build: Callable[[ModuleType, PinFactory], T],
    factory: PinFactory | None = None,
    dev: Path = Path("/dev"),
) -> T:
    """Open a gpiozero device.

    Args:
        settings: option name -> GPIO number, of every pin the device uses.
        build: creates the device from the module ``gpiozero`` and the pin factory.
        factory: pin factory to use; None for gpiozero's own choice, made once a process.
        dev: folder of the device files.

    Raises:
        DeviceError: the pins cannot be used; the message names them and the remedy.
    """
    named = ", ".join(f"{name} (GPIO {number})" for name, number in settings.items())
    try:
        import gpiozero
    except ImportError as error:
        raise DeviceError(f"{named}: gpiozero cannot be imported ({error}); install it again") from error
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            return build(gpiozero, _usable_factory(gpiozero, factory, caught))
        except foreign_errors() as error:
            raise DeviceError(f"{named}: {_explain(error, settings, dev)}") from error
        finally:
            for warning in caught:
                _LOG.debug("gpiozero: %s", warning.message)


def _usable_factory(
    gpiozero: Any, factory: PinFactory | None, caught: list[warnings.WarningMessage]
) -> PinFactory:
    """Return the pin factory to use.

    If lgpio fails, gpiozero only warns, and goes on with a library that fails later, at the first edge; so a
    fallback is a failure here. ``GPIOZERO_PIN_FACTORY`` names another library.
    """
    if factory is not None:
        return factory
    try:
        gpiozero.Device.ensure_pin_factory()
    except gpiozero.BadPinFactory as error:
        raise gpiozero.BadPinFactory(_first_fallback(gpiozero, caught) or str(error)) from error
    found: PinFactory = gpiozero.Device.pin_factory
    if reason := _first_fallback(gpiozero, caught):
        found.close()
        gpiozero.Device.pin_factory = None
        raise gpiozero.BadPinFactory(reason)
    return found


def _first_fallback(gpiozero: Any, caught: list[warnings.WarningMessage]) -> str | None:
    kinds = (gpiozero.PinFactoryFallback, gpiozero.NativePinFactoryFallback)
    return next((str(one.message) for one in caught if issubclass(one.category, kinds)), None)


def _explain(error: Exception, settings: dict[str, int], dev: Path) -> str:
    """Return the cause and the remedy, in words."""
    text = str(error)
    if meaning := _MEANINGS.get(type(error).__name__):
        number = re.search(r"GPIO(\d+)", text)
        numbers = number.group(1) if number else ", ".join(str(one) for one in settings.values())
        return f"GPIO {numbers} {meaning}"
    if type(error).__name__ == "BadPinFactory" and not any(dev.glob("gpiochip*")):
        return f"this machine has no GPIO (no {dev}/gpiochip*); leave the pin unset here"
    if "No module named 'lgpio'" in text:
        return f"the Python package lgpio is missing; {adding('gpio')}"
    for part, meaning in _TEXTS.items():
        if part in text:
            return f"{meaning} ({text})"
    return f"cannot be used: {text or type(error).__name__}"
