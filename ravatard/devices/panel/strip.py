"""Row of APA102 pixels: over the kernel's SPI, or bit by bit over any two GPIO pins."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from ravatard.devices.panel.apa102 import encode
from ravatard.devices.panel.options import PixelOptions
from ravatard.devices.panel.pins import PinFactory, open_pins
from ravatard.devices.panel.pixels import Frame
from ravatard.errors import DeviceError
from ravatard.installation import adding

#: An APA102 takes 20 MHz; wires of a hand's length do not. 12 pixels take half a millisecond at this rate.
_SPI_HZ = 1_000_000
#: Length of a fade's step. Bit by bit a row of 3 takes 168 clocks, some 400 writes to pins: 0.2 ms with mock
#: pins, more on a Pi, and the event loop waits; hence ten steps a second instead of 25.
SPI_STEP_S = 0.04
BITS_STEP_S = 0.1


class SpiDevice(Protocol):
    """The part of spidev's SpiDev that is used."""

    max_speed_hz: int
    mode: int

    def open(self, bus: int, device: int) -> None:
        """Open ``/dev/spidev<bus>.<device>``."""
        ...

    def writebytes2(self, values: bytes) -> None:
        """Write all ``values``."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...


class OutPin(Protocol):
    """The part of gpiozero's OutputDevice that is used."""

    def on(self) -> None:
        """Drive it high."""
        ...

    def off(self) -> None:
        """Drive it low."""
        ...

    def close(self) -> None:
        """Release it."""
        ...


class Strip:
    """Row of pixels, with a colour for each.

    Attributes:
        value: colours that are shown; setting it writes the whole row.
        step_s: least length of a fade's step.
    """

    def __init__(
        self, send: Callable[[bytes], None], order: str, step_s: float, held: Sequence[SpiDevice | OutPin]
    ) -> None:
        """``held``: closed with the strip, in this order."""
        self._send = send
        self._order = order
        self._held = held
        self.step_s = step_s
        self._value: Frame = ()

    @property
    def value(self) -> Frame:
        """Colours that were written last."""
        return self._value

    @value.setter
    def value(self, frame: Frame) -> None:
        self._send(encode(frame, self._order))
        self._value = frame

    def close(self) -> None:
        """Release the pins and devices."""
        for device in self._held:
            device.close()


def open_strip(
    options: PixelOptions,
    factory: PinFactory | None = None,
    *,
    spi: Callable[[], SpiDevice] | None = None,
) -> Strip:
    """Open the configured row of pixels.

    Args:
        options: section ``pixels``.
        factory: gpiozero pin factory for the pins that are not SPI; None for gpiozero's own choice.
        spi: creates an unopened SPI device; None for spidev's.

    Raises:
        DeviceError: SPI is off, spidev is missing, or a pin cannot be used.
    """
    power = [] if options.power is None else [_open_output("pixels.power", options.power, factory, high=True)]
    try:
        if options.data is not None and options.clock is not None:
            data, clock = _open_bits(options.data, options.clock, factory)
            return Strip(_bit_sender(data, clock), options.order, BITS_STEP_S, [data, clock, *power])
        device = _open_spi(options.device, spi)
    except DeviceError:
        for pin in power:
            pin.close()
        raise
    return Strip(device.writebytes2, options.order, SPI_STEP_S, [device, *power])


def _open_spi(path: str, make: Callable[[], SpiDevice] | None) -> SpiDevice:
    found = re.search(r"(\d+)\.(\d+)$", path)
    if found is None or not Path(path).exists():
        raise DeviceError(
            f"pixels.device: there is no {path}, so SPI is off; add dtparam=spi=on to "
            "/boot/firmware/config.txt and restart the Pi"
        )
    try:
        device = (make or _spidev().SpiDev)()
        device.open(int(found[1]), int(found[2]))
        device.mode = 0
        device.max_speed_hz = _SPI_HZ
    except PermissionError as error:
        raise DeviceError(
            f"pixels.device: {path} may not be opened; add the user to the group spi"
        ) from error
    except OSError as error:
        raise DeviceError(f"pixels.device: {path} cannot be used: {error}") from error
    opened: SpiDevice = device
    return opened


def _spidev() -> Any:
    try:
        return importlib.import_module("spidev")
    except ImportError as error:
        raise DeviceError(
            f"pixels.device: the Python package spidev cannot be loaded ({error}); {adding('leds')}"
        ) from error


def _open_output(name: str, number: int, factory: PinFactory | None, *, high: bool = False) -> OutPin:
    def build(gpiozero: ModuleType, pins: PinFactory) -> OutPin:
        pin: OutPin = gpiozero.OutputDevice(number, initial_value=high, pin_factory=pins)
        return pin

    return open_pins({name: number}, build, factory)


def _open_bits(data: int, clock: int, factory: PinFactory | None) -> tuple[OutPin, OutPin]:
    first = _open_output("pixels.data", data, factory)
    try:
        return first, _open_output("pixels.clock", clock, factory)
    except DeviceError:
        first.close()
        raise


def _bit_sender(data: OutPin, clock: OutPin) -> Callable[[bytes], None]:
    """Return a function that clocks bytes out, highest bit first; it sets the data pin only on changes."""

    def send(content: bytes) -> None:
        last: bool | None = None
        for byte in content:
            for shift in range(7, -1, -1):
                bit = bool(byte >> shift & 1)
                if bit is not last:
                    (data.on if bit else data.off)()
                    last = bit
                clock.on()
                clock.off()

    return send
