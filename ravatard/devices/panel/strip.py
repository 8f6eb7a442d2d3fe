"""A row of APA102 pixels that takes colours: over the kernel's SPI, or bit by bit over any two GPIO pins."""

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

#: APA102 takes 20 MHz; wires of a hand's length do not. 12 pixels take half a millisecond at this rate.
_SPI_HZ = 1_000_000
#: Between two steps of a fade. Bit by bit a row of 3 is 168 clocks, so some 400 writes to pins: 0.2 ms with
#: mock pins, more on a Pi, and the event loop waits. So that way it is ten times a second instead of 25.
SPI_STEP_S = 0.04
BITS_STEP_S = 0.1


class SpiDevice(Protocol):
    """What is used of spidev's SpiDev."""

    max_speed_hz: int
    mode: int

    def open(self, bus: int, device: int) -> None:
        """Open ``/dev/spidev<bus>.<device>``."""
        ...

    def writebytes2(self, values: bytes) -> None:
        """Write all of it."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


class OutPin(Protocol):
    """What is used of gpiozero's OutputDevice."""

    def on(self) -> None:
        """Drive it high."""
        ...

    def off(self) -> None:
        """Drive it low."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


class Strip:
    """Takes a colour for each pixel.

    Attributes:
        value: what is shown; setting it writes the whole row.
        step_s: how long a step of a fade should take at least.
    """

    def __init__(
        self, send: Callable[[bytes], None], order: str, step_s: float, held: Sequence[SpiDevice | OutPin]
    ) -> None:
        """``held``: what is closed with the strip, in this order."""
        self._send = send
        self._order = order
        self._held = held
        self.step_s = step_s
        self._value: Frame = ()

    @property
    def value(self) -> Frame:
        """What was written last."""
        return self._value

    @value.setter
    def value(self, frame: Frame) -> None:
        self._send(encode(frame, self._order))
        self._value = frame

    def close(self) -> None:
        """Give everything back."""
        for device in self._held:
            device.close()


def open_strip(
    options: PixelOptions,
    factory: PinFactory | None = None,
    *,
    spi: Callable[[], SpiDevice] | None = None,
) -> Strip:
    """The configured row of pixels.

    Args:
        options: section ``pixels``.
        factory: gpiozero pin factory for those pins that are no SPI; None for gpiozero's own choice.
        spi: makes an unopened SPI device; None for spidev's.

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
            f"pixels.device: spidev cannot be imported ({error}); install ravatard[leds], or Debian's "
            "python3-spidev"
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
    """What clocks bytes out, the highest bit first; the data pin is touched only where it changes."""

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
