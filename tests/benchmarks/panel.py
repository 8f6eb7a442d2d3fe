"""How long a press takes: from the edge on a pin, in a foreign thread, to the event and to the light."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass

from gpiozero.pins.mock import MockFactory, MockPWMPin

from ravatard.core.events import ButtonPressed
from ravatard.core.indication import Look
from ravatard.devices.panel.gpio import open_button
from ravatard.devices.panel.lamp import open_lamp
from ravatard.devices.panel.options import ButtonOptions, LightsOptions
from ravatard.errors import InternalError

BUTTON, LED = 17, 27


@dataclass(frozen=True, slots=True)
class Press:
    """One press, as seconds from the moment the other thread moved the pin.

    Attributes:
        event_s: until the consumer had the event.
        light_s: until the LED's pin had changed.
    """

    event_s: float
    light_s: float


async def measure(presses: int, pause_s: float = 0.03) -> list[Press]:
    """Press a mock button from a thread of its own and light an LED for each press, on the running loop."""
    factory = MockFactory(pin_class=MockPWMPin)
    button = open_button(ButtonOptions(pin=BUTTON, bounce_ms=5), factory)
    lamp = open_lamp(LightsOptions(kind="led", pin=LED), factory)
    if button is None:
        raise InternalError("a pin is configured, so there is a button")
    finger = factory.pin(f"GPIO{BUTTON}")
    moved_at: list[float] = []

    def press() -> None:
        for _ in range(presses):
            time.sleep(pause_s)
            moved_at.append(time.monotonic())
            finger.drive_low()
            time.sleep(pause_s)
            finger.drive_high()

    measured: list[Press] = []
    thread = threading.Thread(target=press, name="finger", daemon=True)
    # The button listens from the first step of the iteration on, which is before this callback.
    asyncio.get_running_loop().call_soon(thread.start)
    try:
        async with asyncio.timeout(presses * pause_s * 2 + 10):
            async for event in button.events():
                arrived_at = time.monotonic()
                pressed = isinstance(event, ButtonPressed)
                lamp.show(Look.LISTENING if pressed else Look.OFF)
                if pressed:
                    measured.append(Press(arrived_at - moved_at[-1], time.monotonic() - moved_at[-1]))
                elif len(measured) == presses:
                    break
        return measured
    finally:
        thread.join()
        lamp.close()
        button.close()
        factory.close()
