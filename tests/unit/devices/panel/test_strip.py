"""A row of pixels over SPI and over two pins: what is clocked out, and one sentence when it cannot be."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from ravatard.devices.panel.apa102 import encode
from ravatard.devices.panel.options import PixelOptions
from ravatard.devices.panel.strip import BITS_STEP_S, SPI_STEP_S, open_strip
from ravatard.errors import DeviceError
from tests.assertions import assert_no_complaint
from tests.unit.devices.rows import FakeSpi, as_bits

RED_AND_BLUE = ((1.0, 0.0, 0.0), (0.0, 0.0, 0.5))


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.close()


@pytest.fixture
def device(tmp_path: Path) -> str:
    (tmp_path / "spidev1.2").touch()
    return str(tmp_path / "spidev1.2")


class Clocked(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A clock pin that notes what the data pin says at each rising edge."""

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed and value:
            self.bits += "1" if self.factory.pin("GPIO5").state else "0"
        return changed

    bits = ""


def test_a_row_on_spi_opens_its_device_and_writes_a_frame_at_once(device: str) -> None:
    spi = FakeSpi()
    strip = open_strip(PixelOptions(count=2, device=device), spi=lambda: spi)

    strip.value = RED_AND_BLUE

    assert (spi.opened, spi.mode, spi.max_speed_hz) == ((1, 2), 0, 1_000_000)
    assert spi.written == [encode(RED_AND_BLUE)]
    assert strip.value == RED_AND_BLUE
    assert strip.step_s == SPI_STEP_S


def test_the_order_of_colours_is_the_configured_one(device: str) -> None:
    spi = FakeSpi()

    open_strip(PixelOptions(device=device, order="rgb"), spi=lambda: spi).value = RED_AND_BLUE

    assert spi.written == [encode(RED_AND_BLUE, "rgb")]


def test_a_row_on_two_pins_is_clocked_out_bit_by_bit() -> None:
    factory = MockFactory(pin_class=Clocked)
    strip = open_strip(PixelOptions(count=2, data=5, clock=6), factory)

    strip.value = RED_AND_BLUE
    strip.value = ()

    assert factory.pin("GPIO6").bits == as_bits(encode(RED_AND_BLUE)) + as_bits(encode(()))
    assert not factory.pin("GPIO6").state
    assert strip.step_s == BITS_STEP_S
    factory.close()


def test_the_supply_is_on_before_the_first_frame_and_off_at_the_end(
    device: str, factory: MockFactory
) -> None:
    spi = FakeSpi()

    strip = open_strip(PixelOptions(device=device, power=5), factory, spi=lambda: spi)

    assert factory.pin("GPIO5").state == 1
    strip.close()
    assert spi.closed == 1
    assert factory.pin("GPIO5").function == "input"


def test_spi_that_is_off_is_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        open_strip(PixelOptions(device=str(tmp_path / "spidev0.0")))

    assert str(caught.value) == (
        f"pixels.device: there is no {tmp_path}/spidev0.0, so SPI is off; add dtparam=spi=on to "
        "/boot/firmware/config.txt and restart the Pi"
    )


def test_a_missing_library_is_one_sentence_with_the_remedy(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "spidev", None)

    with pytest.raises(DeviceError, match=r"spidev cannot be loaded .*; run `"):
        open_strip(PixelOptions(device=device))


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied"),
            r"may not be opened; add the user to the group spi",
        ),
        (OSError(errno.ENODEV, "No such device"), r"cannot be used: \[Errno 19\] No such device"),
    ],
)
def test_a_refusal_is_one_sentence_and_gives_the_supply_pin_back(
    device: str, factory: MockFactory, refusal: OSError, sentence: str
) -> None:
    options = PixelOptions(device=device, power=5)

    with pytest.raises(DeviceError, match=sentence):
        open_strip(options, factory, spi=lambda: FakeSpi(refusal))

    open_strip(options, factory, spi=FakeSpi).close()


def test_a_clock_pin_that_is_taken_gives_the_data_pin_back(factory: MockFactory) -> None:
    with pytest.raises(DeviceError, match=r"pixels\.clock \(GPIO 5\): GPIO 5 is already used"):
        open_strip(PixelOptions(data=5, clock=5), factory)

    open_strip(PixelOptions(data=5, clock=6), factory).close()


def test_closing_gives_both_pins_back(factory: MockFactory) -> None:
    open_strip(PixelOptions(data=5, clock=6), factory).close()

    with assert_no_complaint():
        open_strip(PixelOptions(data=6, clock=5), factory).close()
