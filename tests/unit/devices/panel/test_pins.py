"""Every failure of a pin becomes one sentence with the pin and the remedy; the terminal stays clean."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from ravatard.devices.panel.pins import PinFactory, foreign_errors, open_pins
from ravatard.errors import DeviceError
from ravatard.installation import adding


@pytest.fixture
def factory() -> Iterator[PinFactory]:
    factory = MockFactory(pin_class=MockPWMPin)
    yield factory
    factory.close()


class _NotInstalled(MetaPathFinder):
    """Finds that the pin libraries are not installed."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname in ("lgpio", "RPi", "pigpio"):
            raise ModuleNotFoundError(f"No module named {fullname!r}")


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has chosen no pin library yet, and none is installed."""
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setattr(sys, "meta_path", [_NotInstalled(), *sys.meta_path])


def an_led(number: int) -> Any:
    return lambda gpiozero, pins: gpiozero.LED(number, pin_factory=pins)


def fails_with(error: Exception) -> Any:
    def build(_gpiozero: ModuleType, _pins: PinFactory) -> None:
        raise error

    return build


def test_a_device_is_built_on_the_given_factory(factory: PinFactory) -> None:
    led = open_pins({"lights.pin": 17}, an_led(17), factory)

    assert led.pin_factory is factory
    led.close()


def test_a_pin_already_used_is_named_with_the_remedy(factory: PinFactory) -> None:
    led = open_pins({"lights.pin": 17}, an_led(17), factory)

    with pytest.raises(
        DeviceError, match=r"^button\.pin \(GPIO 17\): GPIO 17 is already used .* choose another"
    ):
        open_pins({"button.pin": 17}, an_led(17), factory)

    led.close()


def test_a_pin_that_the_board_lacks_is_named(factory: PinFactory) -> None:
    with pytest.raises(DeviceError, match=r"lights\.pin \(GPIO 53\): GPIO 53 does not exist .*pinout"):
        open_pins({"lights.pin": 53}, an_led(53), factory)


def test_a_fixed_pull_up_is_explained(factory: PinFactory) -> None:
    with pytest.raises(DeviceError, match=r"GPIO 2 has a pull-up resistor on the board; set button\.pull_up"):
        open_pins(
            {"button.pin": 2},
            lambda gpiozero, pins: gpiozero.DigitalInputDevice(2, pull_up=False, pin_factory=pins),
            factory,
        )


def test_a_pin_that_cannot_be_dimmed_is_explained() -> None:
    with pytest.raises(DeviceError, match=r"GPIO 5 cannot be dimmed here; set lights\.kind to led"):
        open_pins(
            {"lights.pin": 5},
            lambda gpiozero, pins: gpiozero.PWMLED(5, pin_factory=pins),
            MockFactory(),
        )


@pytest.mark.usefixtures("no_library")
def test_a_machine_without_gpio_says_so_and_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeviceError, match=r"button\.pin \(GPIO 17\): this machine has no GPIO .*gpiochip"):
        open_pins({"button.pin": 17}, an_led(17), dev=tmp_path)

    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("no_library")
def test_a_machine_with_gpio_but_without_lgpio_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "gpiochip0").touch()

    with pytest.raises(
        DeviceError, match=re.escape(f"the Python package lgpio is missing; {adding('gpio')}")
    ):
        open_pins({"button.pin": 17}, an_led(17), dev=tmp_path)


@pytest.mark.usefixtures("no_library")
def test_a_library_fallen_back_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gpiochip0").touch()
    fallback = MockFactory()

    def fall_back() -> None:
        warnings.warn(PinFactoryFallback("Falling back from lgpio: 'can not open gpiochip'"), stacklevel=1)
        Device.pin_factory = fallback

    from gpiozero import PinFactoryFallback

    monkeypatch.setattr(Device, "ensure_pin_factory", staticmethod(fall_back))

    with pytest.raises(DeviceError, match="add the user to the group gpio"):
        open_pins({"button.pin": 17}, an_led(17), dev=tmp_path)

    assert Device.pin_factory is None


def test_a_library_chosen_by_the_owner_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", chosen)

    led = open_pins({"lights.pin": 17}, an_led(17))

    assert led.pin_factory is chosen
    led.close()


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (FileNotFoundError("'.lgd-nfy-3'"), "working directory"),
        (RuntimeError("'GPIO busy'"), "gpioinfo"),
        (PermissionError(13, "Permission denied: '/dev/gpiochip0'"), "group gpio"),
        (OSError("something else"), "cannot be used: something else"),
        (RuntimeError(), "cannot be used: RuntimeError"),
    ],
)
def test_errors_of_the_libraries_below_are_explained(
    factory: PinFactory, error: Exception, remedy: str
) -> None:
    with pytest.raises(DeviceError, match=remedy):
        open_pins({"lights.pin": 17}, fails_with(error), factory)


def test_an_error_of_lgpio_itself_is_explained(monkeypatch: pytest.MonkeyPatch, factory: PinFactory) -> None:
    lgpio: Any = ModuleType("lgpio")
    lgpio.error = type("error", (Exception,), {})
    monkeypatch.setitem(sys.modules, "lgpio", lgpio)

    with pytest.raises(DeviceError, match="gpioinfo"):
        open_pins({"lights.pin": 17}, fails_with(lgpio.error("'GPIO busy'")), factory)

    assert lgpio.error in foreign_errors()


def test_a_missing_gpiozero_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)

    with pytest.raises(DeviceError, match="gpiozero cannot be imported"):
        open_pins({"lights.pin": 17}, an_led(17))


def test_a_bug_of_ours_is_not_dressed_up_as_a_broken_pin(factory: PinFactory) -> None:
    with pytest.raises(TypeError):
        open_pins({"lights.pin": 17}, fails_with(TypeError("a bug")), factory)


def test_several_pins_are_all_named(factory: PinFactory) -> None:
    with pytest.raises(DeviceError, match=r"^lights\.red \(GPIO 1\), lights\.green \(GPIO 2\): GPIO 1, 2 "):
        open_pins(
            {"lights.red": 1, "lights.green": 2},
            lambda gpiozero, pins: gpiozero.LED(99, pin_factory=pins),
            factory,
        )
