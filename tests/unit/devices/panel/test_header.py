"""The 40-pin header, checked against what is printed on every pin card."""

from __future__ import annotations

import pytest

from ravatard.devices.panel.header import CARRIES, PIN_OF, PINS, spi_pins


def test_every_gpio_is_on_one_pin() -> None:
    assert sorted(PIN_OF) == list(range(28))
    assert all(CARRIES[pin] == f"GPIO{gpio}" for gpio, pin in PIN_OF.items())


def test_forty_pins_carry_28_gpios_and_twelve_of_power() -> None:
    assert list(CARRIES) == list(range(1, PINS + 1))
    assert [pin for pin, what in CARRIES.items() if what == "GND"] == [6, 9, 14, 20, 25, 30, 34, 39]
    assert [pin for pin, what in CARRIES.items() if what == "3V3"] == [1, 17]
    assert [pin for pin, what in CARRIES.items() if what == "5V"] == [2, 4]


@pytest.mark.parametrize(
    ("gpio", "pin"), [(2, 3), (4, 7), (17, 11), (18, 12), (27, 13), (10, 19), (25, 22), (5, 29), (21, 40)]
)
def test_a_gpio_is_where_the_pin_cards_say(gpio: int, pin: int) -> None:
    assert PIN_OF[gpio] == pin


@pytest.mark.parametrize(
    ("device", "pins"),
    [
        ("/dev/spidev0.0", (10, 11, 8)),
        ("/dev/spidev0.1", (10, 11, 7)),
        ("/dev/spidev1.0", (20, 21, 18)),
        ("/dev/spidev10.0", ()),
        ("elsewhere", ()),
    ],
)
def test_an_spi_device_takes_its_data_its_clock_and_its_select(device: str, pins: tuple[int, ...]) -> None:
    assert spi_pins(device) == pins
