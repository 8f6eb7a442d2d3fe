"""Every look, on every kind of LED, as mock pins saw it over virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from ravatard.core.indication import LIGHTS, Look
from ravatard.devices.panel.apa102 import encode
from ravatard.devices.panel.lamp import DarkLamp, PatternLamp, open_lamp
from ravatard.devices.panel.options import LightsOptions, PixelOptions
from ravatard.devices.panel.patterns import dimmed_pattern
from ravatard.errors import DeviceError
from tests.assertions import assert_no_complaint
from tests.unit.devices.rows import FakeSpi


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory(pin_class=MockPWMPin)
    yield factory
    factory.close()


class FakePin:
    """Keeps what was written to it, and when; can break."""

    def __init__(self) -> None:
        self.__dict__["written"] = []
        self.closed = 0
        self.broken = False

    @property
    def value(self) -> float:
        return self.written[-1][1] if self.written else 0.0

    @value.setter
    def value(self, value: float) -> None:
        if self.broken:
            raise OSError("gpiochip0 is gone")
        self.written.append((asyncio.get_running_loop().time(), value))

    written: list[tuple[float, float]]

    def close(self) -> None:
        self.closed += 1


def dimmer(pin: FakePin, brightness: float = 1.0) -> PatternLamp[float]:
    return PatternLamp(
        pin,
        lambda percent: {
            look: dimmed_pattern(light, min(brightness, percent / 100)) for look, light in LIGHTS.items()
        },
    )


def levels(factory: MockFactory, *numbers: int) -> tuple[float, ...]:
    return tuple(round(float(factory.pin(f"GPIO{number}").state), 3) for number in numbers)


async def test_an_led_blinks_in_the_rhythm_of_the_look(factory: MockFactory) -> None:
    lamp = open_lamp(LightsOptions(kind="led", pin=27), factory)
    seen = []

    lamp.show(Look.OFFLINE)
    for _ in range(4):
        await asyncio.sleep(0.5)
        seen.append(levels(factory, 27)[0])
        await asyncio.sleep(0.5)

    assert seen == [1, 0, 1, 0]
    lamp.close()


async def test_an_led_shows_ready_by_a_short_blink_every_four_seconds(factory: MockFactory) -> None:
    lamp = open_lamp(LightsOptions(kind="led", pin=27), factory)
    seen = []

    lamp.show(Look.READY)
    for pause in (0.04, 0.02, 3.93, 0.02):
        await asyncio.sleep(pause)
        seen.append(levels(factory, 27)[0])

    assert seen == [1, 0, 0, 1]
    lamp.close()


async def test_an_led_wired_to_plus_is_lit_by_a_low_level(factory: MockFactory) -> None:
    lamp = open_lamp(LightsOptions(kind="led", pin=27, active_high=False), factory)
    dark = levels(factory, 27)

    lamp.show(Look.LISTENING)

    assert (dark, levels(factory, 27)) == ((1,), (0,))
    lamp.close()


async def test_a_dimmable_led_fades_in_and_out_while_thinking() -> None:
    pin = FakePin()
    lamp = dimmer(pin)

    lamp.show(Look.THINKING)
    await asyncio.sleep(1.0 - 0.001)

    values = [value for _, value in pin.written]
    assert values[0] == 0
    assert max(values) == 1
    assert values == sorted(values[: len(values) // 2 + 1]) + sorted(
        values[len(values) // 2 + 1 :], reverse=True
    )
    assert len(values) == 24
    lamp.close()


async def test_a_dimmable_led_glows_while_ready(factory: MockFactory) -> None:
    lamp = open_lamp(LightsOptions(kind="pwm", pin=12, brightness=50), factory)

    lamp.show(Look.READY)

    assert levels(factory, 12) == (0.03,)
    lamp.close()


async def test_brightness_scales_everything_a_dimmable_led_shows() -> None:
    pin = FakePin()
    lamp = dimmer(pin, brightness=0.3)

    for look in Look:
        lamp.show(look)
        await asyncio.sleep(5)

    assert max(value for _, value in pin.written) == pytest.approx(0.3)
    lamp.close()


async def test_an_rgb_led_has_the_colour_of_an_open_microphone(factory: MockFactory) -> None:
    lamp = open_lamp(LightsOptions(kind="rgb", red=5, green=6, blue=13), factory)

    lamp.show(Look.LISTENING)

    assert levels(factory, 5, 6, 13) == (0.106, 0.655, 0.294)
    lamp.close()


async def test_brightness_keeps_the_colour_of_an_rgb_led(factory: MockFactory) -> None:
    lamp = open_lamp(LightsOptions(kind="rgb", red=5, green=6, blue=13, brightness=50), factory)

    lamp.show(Look.MUTED)

    assert levels(factory, 5, 6, 13) == (0.5, 0, 0)
    lamp.close()


@pytest.mark.parametrize("look", [Look.OFF, Look.LISTENING, Look.MUTED, Look.READY])
async def test_a_steady_look_is_written_once_and_wakes_nobody(factory: MockFactory, look: Look) -> None:
    lamp = open_lamp(LightsOptions(kind="rgb", red=5, green=6, blue=13), factory)
    assert isinstance(lamp, PatternLamp)

    lamp.show(look)

    assert lamp._timer is None
    lamp.close()


async def test_the_same_look_again_does_not_restart_the_rhythm() -> None:
    pin = FakePin()
    lamp = dimmer(pin)

    lamp.show(Look.OFFLINE)
    await asyncio.sleep(0.7)
    lamp.show(Look.OFFLINE)
    await asyncio.sleep(0.7)

    assert pin.written == [(0, 1), (1, 0)]
    lamp.close()


async def test_another_look_ends_the_old_rhythm_at_once() -> None:
    pin = FakePin()
    lamp = dimmer(pin)
    lamp.show(Look.FAULT)
    await asyncio.sleep(0.7)

    lamp.show(Look.LISTENING)
    await asyncio.sleep(10)

    assert pin.written == [(0, 1), (0.5, 0), (0.7, 1)]
    lamp.close()


@pytest.mark.slow
async def test_a_rhythm_does_not_drift_over_an_hour() -> None:
    pin = FakePin()
    lamp = dimmer(pin)

    lamp.show(Look.CONNECTING)
    await asyncio.sleep(3600)

    assert pin.written[-1] == (3600, 1) or pin.written[-1][0] == pytest.approx(3599.6)
    assert len(pin.written) == pytest.approx(2 * 7200, abs=2)
    lamp.close()


async def test_steps_that_are_late_are_not_made_up_for() -> None:
    pin = FakePin()
    lamp = dimmer(pin)
    lamp.show(Look.FAULT)
    loop = asyncio.get_running_loop()

    loop.jump(10)  # type: ignore[attr-defined] # the loop was stuck for ten seconds
    await asyncio.sleep(0.6)

    assert pin.written == [(0, 1), (10, 0), (10.5, 1)]
    lamp.close()


async def test_closed_lights_are_dark_and_give_their_pins_back(factory: MockFactory) -> None:
    options = LightsOptions(kind="rgb", red=5, green=6, blue=13)
    lamp = open_lamp(options, factory)
    lamp.show(Look.FAULT)

    lamp.close()
    lamp.close()
    lamp.show(Look.LISTENING)

    assert levels(factory, 5, 6, 13) == (0, 0, 0)
    open_lamp(options, factory).close()


async def test_pins_that_break_leave_the_lights_dark_and_say_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pin = FakePin()
    lamp = dimmer(pin)
    lamp.show(Look.FAULT)
    pin.broken = True

    await asyncio.sleep(10)
    lamp.show(Look.READY)
    lamp.close()

    assert [record.message for record in caplog.records] == [
        "the lights stay dark from now on: writing to their pins failed (gpiochip0 is gone)"
    ]
    assert pin.closed == 1


async def test_pins_that_cannot_be_given_back_harm_nobody() -> None:
    class Stuck(FakePin):
        def close(self) -> None:
            raise OSError("gpiochip0 is gone")

    lamp = dimmer(Stuck())

    with assert_no_complaint():
        lamp.close()


def test_no_lights_show_nothing() -> None:
    lamp = open_lamp(LightsOptions())

    lamp.show(Look.FAULT)
    lamp.close()

    assert isinstance(lamp, DarkLamp)


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        (LightsOptions(kind="led"), r"lights\.kind is 'led', but lights\.pin is not set"),
        (LightsOptions(kind="pwm"), r"lights\.pin"),
        (LightsOptions(kind="rgb", green=6), r"lights\.red and lights\.blue is not set"),
    ],
)
def test_a_pin_that_is_not_given_is_named(options: LightsOptions, missing: str) -> None:
    with pytest.raises(DeviceError, match=missing):
        open_lamp(options)


async def test_an_rgb_led_that_cannot_be_opened_keeps_no_pin(factory: MockFactory) -> None:
    with pytest.raises(DeviceError, match=r"lights\.red \(GPIO 5\), .*GPIO 5 is already used"):
        open_lamp(LightsOptions(kind="rgb", red=5, green=6, blue=5), factory)

    open_lamp(LightsOptions(kind="led", pin=5), factory).close()


def spi_row(folder: Path, count: int = 3) -> PixelOptions:
    """A row on an SPI device that is there."""
    device = folder / "spidev0.0"
    device.touch()
    return PixelOptions(count=count, device=str(device))


async def test_a_row_of_pixels_shows_the_same_on_all(tmp_path: Path) -> None:
    spi = FakeSpi()
    lamp = open_lamp(LightsOptions(kind="apa102", brightness=20), pixels=spi_row(tmp_path), spi=lambda: spi)

    lamp.show(Look.MUTED)

    assert spi.written == [encode(((0.2, 0.0, 0.0),) * 3)]
    lamp.close()


async def test_a_row_of_pixels_wanders_while_thinking(tmp_path: Path) -> None:
    spi = FakeSpi()
    lamp = open_lamp(LightsOptions(kind="apa102"), pixels=spi_row(tmp_path), spi=lambda: spi)

    lamp.show(Look.THINKING)
    await asyncio.sleep(1.2 - 0.001)

    assert len(spi.written) == 30
    assert len(set(spi.written)) > 10
    lamp.close()


async def test_a_closed_row_of_pixels_is_dark_and_its_spi_given_back(tmp_path: Path) -> None:
    spi = FakeSpi()
    lamp = open_lamp(LightsOptions(kind="apa102"), pixels=spi_row(tmp_path, 12), spi=lambda: spi)
    lamp.show(Look.FAULT)

    lamp.close()
    lamp.close()

    assert spi.written[-1] == encode(((0.0, 0.0, 0.0),) * 12)
    assert spi.closed


async def test_a_row_that_cannot_be_written_stays_dark_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spi = FakeSpi()
    lamp = open_lamp(LightsOptions(kind="apa102"), pixels=spi_row(tmp_path), spi=lambda: spi)
    spi.broken = True

    lamp.show(Look.FAULT)
    lamp.show(Look.READY)
    lamp.close()

    assert [record.message for record in caplog.records] == [
        "the lights stay dark from now on: writing to their pins failed ([Errno 5] the bus is gone)"
    ]
    assert spi.closed == 1


async def test_a_look_that_is_shown_is_dimmed_and_lit_again() -> None:
    pin = FakePin()
    lamp = dimmer(pin)
    lamp.show(Look.LISTENING)

    lamp.dim(20)
    lamp.dim(20)
    lamp.dim(100)

    assert [value for _, value in pin.written] == pytest.approx([1.0, 0.2, 1.0])
    lamp.close()


async def test_a_lamp_is_dimmed_before_it_shows_anything() -> None:
    pin = FakePin()
    lamp = dimmer(pin)

    lamp.dim(20)
    assert pin.written == []
    lamp.show(Look.OFFLINE)

    assert pin.value == pytest.approx(0.2)
    lamp.close()


@pytest.mark.parametrize(("percent", "level"), [(100, 0.3), (50, 0.3), (10, 0.1), (0, 0.0)])
async def test_the_limit_makes_no_light_brighter_than_it_is_configured(
    factory: MockFactory, percent: int, level: float
) -> None:
    lamp = open_lamp(LightsOptions(kind="pwm", pin=12, brightness=30), factory)
    lamp.show(Look.MUTED)

    lamp.dim(percent)

    assert levels(factory, 12) == (level,)
    lamp.close()


@pytest.mark.parametrize(
    "options",
    [
        LightsOptions(kind="rgb", red=5, green=6, blue=13),
        LightsOptions(kind="led", pin=5),
        LightsOptions(kind="pwm", pin=5),
    ],
    ids=lambda options: options.kind,
)
async def test_every_light_is_dark_at_nothing_and_back_afterwards(
    factory: MockFactory, options: LightsOptions
) -> None:
    lamp = open_lamp(options, factory)
    lamp.show(Look.MUTED)
    lit = levels(factory, 5)

    lamp.dim(0)
    dark = levels(factory, 5)
    lamp.dim(100)

    assert (lit, dark, levels(factory, 5)) == ((1,), (0,), (1,))
    lamp.close()


async def test_pixels_are_dimmed_too(tmp_path: Path) -> None:
    spi = FakeSpi()
    lamp = open_lamp(LightsOptions(kind="apa102"), pixels=spi_row(tmp_path, 1), spi=lambda: spi)
    lamp.show(Look.MUTED)

    lamp.dim(20)
    lamp.dim(0)

    assert spi.written[-2:] == [encode(((0.2, 0.0, 0.0),)), encode(((0.0, 0.0, 0.0),))]
    lamp.close()
