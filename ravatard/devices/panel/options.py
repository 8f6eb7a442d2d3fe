"""Options of the panel: button, lights and pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting


@dataclass(frozen=True, slots=True)
class ButtonOptions:
    """Section ``button``: the push button, to ground unless ``pull_up`` says otherwise."""

    pin: int | None = setting(None, "GPIO number of the button; unset: no button.", low=0, high=53)
    pull_up: bool = setting(True, "True: the button connects the pin to ground; False: to 3.3 V.")
    bounce_ms: int = setting(20, "Edges closer together than this count as one.", unit="ms", low=0, high=200)
    long_press: Literal["mute", "none"] = setting(
        "mute",
        "Action when the button is held for a second, where holding it does not mean talking (gate.mode vad "
        "or wakeword, or gate.toggle): mute closes the microphone or opens it again; none does nothing.",
    )


@dataclass(frozen=True, slots=True)
class LightsOptions:
    """Section ``lights``: one LED, one dimmable LED, one RGB LED, or a row of pixels."""

    kind: Literal["none", "led", "pwm", "rgb", "apa102"] = setting(
        "none",
        "none; led: on or off; pwm: one dimmable LED; rgb: three dimmable LEDs in one; apa102: a row of "
        "APA102, DotStar or SK9822 pixels, see section pixels.",
    )
    pin: int | None = setting(None, "GPIO number of the LED (led, pwm).", low=0, high=53)
    red: int | None = setting(None, "GPIO number of red (rgb).", low=0, high=53)
    green: int | None = setting(None, "GPIO number of green (rgb).", low=0, high=53)
    blue: int | None = setting(None, "GPIO number of blue (rgb).", low=0, high=53)
    active_high: bool = setting(True, "True: lit when the pin is high; False: lit when it is low.")
    brightness: int = setting(100, "Brightness of all lights (pwm, rgb, apa102).", unit="%", low=1, high=100)


@dataclass(frozen=True, slots=True)
class PixelOptions:
    """Section ``pixels``: a row of APA102 pixels, on SPI or on two other pins; for lights.kind apa102."""

    count: int = setting(3, "Number of pixels.", low=1, high=64)
    device: str = setting(
        "/dev/spidev0.0",
        "SPI device that they are connected to: bus and chip select (needs the extra `leds`, or Debian's "
        "python3-spidev).",
        pattern=r"/dev/spidev[0-9]+\.[0-9]+",
        words="a device such as /dev/spidev0.0",
        local_only=True,
    )
    data: int | None = setting(
        None, "GPIO number of the data line, for pixels that are not on SPI.", low=0, high=53
    )
    clock: int | None = setting(
        None, "GPIO number of the clock line, for pixels that are not on SPI.", low=0, high=53
    )
    power: int | None = setting(
        None, "GPIO number that switches their power supply on when high, if there is one.", low=0, high=53
    )
    order: Literal["bgr", "brg", "gbr", "grb", "rbg", "rgb"] = setting(
        "bgr", "Order in which a pixel takes its colours; try another one when the colours are wrong."
    )
    current_ma: int = setting(
        150,
        "Highest current of all pixels together (full white is 60 mA a pixel); more is darkened.",
        unit="mA",
        low=10,
        high=2_000,
    )
    chase: bool = setting(
        True, "True: while thinking and speaking the light moves over the pixels; False: all show the same."
    )
