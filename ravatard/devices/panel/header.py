"""The 40-pin header of a Raspberry Pi: its pins for GPIO, power and SPI.

Source: https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#gpio, and for the pins of SPI
the table in https://github.com/raspberrypi/documentation, computers/raspberry-pi/spi-bus-on-raspberry-pi.
The header is the same on every model since the B+, Pi 5 and Zero 2 W included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

PINS = 40

_GPIO_IN_ORDER: tuple[int | str, ...] = (
    # Pins 1 to 40; a number is a GPIO.
    *("3V3", "5V", 2, "5V", 3, "GND", 4, 14, "GND", 15),
    *(17, 18, 27, "GND", 22, 23, "3V3", 24, 10, "GND"),
    *(9, 25, 11, 8, "GND", 7, 0, 1, 5, "GND"),
    *(6, 12, 13, "GND", 19, 16, 26, 20, "GND", 21),
)

#: Pin -> its function: "GPIO17", "3V3", "5V" or "GND".
CARRIES: Mapping[int, str] = MappingProxyType(
    {
        pin: f"GPIO{function}" if isinstance(function, int) else function
        for pin, function in enumerate(_GPIO_IN_ORDER, start=1)
    }
)
#: GPIO number -> pin.
PIN_OF: Mapping[int, int] = MappingProxyType(
    {number: pin for pin, number in enumerate(_GPIO_IN_ORDER, start=1) if isinstance(number, int)}
)

#: Bus -> GPIO numbers of MOSI and SCLK, the inputs of a row of pixels.
_SPI_LINES = MappingProxyType({0: (10, 11), 1: (20, 21)})
#: Bus -> GPIO numbers of its chip selects. The kernel drives them, although a row of pixels has none.
_SPI_SELECTS = MappingProxyType({0: (8, 7), 1: (18, 17, 16)})


def spi_pins(device: str) -> tuple[int, ...]:
    """Return the GPIO numbers that ``/dev/spidevB.D`` writes to; none for a bus not on the header."""
    found = re.search(r"(\d+)\.(\d+)$", device)
    if found is None:
        return ()
    bus, select = int(found[1]), int(found[2])
    selects = _SPI_SELECTS.get(bus, ())
    return (*_SPI_LINES.get(bus, ()), *selects[select : select + 1])
