"""Button and lights with real threads and real time: pins are moved as a pin library's thread would."""

from __future__ import annotations

import asyncio
import threading
import time
from statistics import median

import pytest
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin

from ravatard.core.indication import Look
from ravatard.devices.panel.gpio import open_button
from ravatard.devices.panel.lamp import open_lamp
from ravatard.devices.panel.options import ButtonOptions, LightsOptions
from tests.benchmarks.panel import measure

pytestmark = pytest.mark.integration


async def test_a_press_in_another_thread_reaches_the_light_within_a_frame() -> None:
    presses = await measure(20)

    assert len(presses) == 20
    # 20 ms are allowed; a loaded machine may miss that once in a while, the usual press does not.
    assert median(press.light_s for press in presses) < 0.02


async def test_waiting_for_a_press_starts_no_thread_and_wakes_nobody() -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    threads = threading.active_count()

    button = open_button(ButtonOptions(pin=17), factory)
    lamp = open_lamp(LightsOptions(kind="rgb", red=5, green=6, blue=13), factory)
    lamp.show(Look.READY)

    assert button is not None
    assert threading.active_count() == threads
    lamp.close()
    button.close()


async def test_a_storm_of_edges_from_a_thread_leaves_the_loop_free() -> None:
    factory = MockFactory()
    button = open_button(ButtonOptions(pin=17), factory)
    assert button is not None
    pin = factory.pin("GPIO17")
    stop = threading.Event()

    def storm() -> None:
        while not stop.is_set():
            pin.drive_low()
            pin.drive_high()
            time.sleep(0.0001)

    heard = 0

    async def listen() -> None:
        nonlocal heard
        async for _ in button.events():
            heard += 1

    thread = threading.Thread(target=storm, daemon=True)
    late_s = []
    async with asyncio.TaskGroup() as tasks:
        ear = tasks.create_task(listen())
        await asyncio.sleep(0)
        thread.start()
        for _ in range(50):
            began = time.monotonic()
            await asyncio.sleep(0.01)
            late_s.append(time.monotonic() - began - 0.01)
        stop.set()
        thread.join()
        ear.cancel()
    button.close()

    assert median(late_s) < 0.02
    # 20 ms of bounce time let at most 50 changes a second through.
    assert 1 <= heard <= 2 + 50 * 2


async def test_a_blinking_light_keeps_its_rhythm_in_real_time() -> None:
    factory = MockFactory()
    lamp = open_lamp(LightsOptions(kind="led", pin=27), factory)
    pin: MockPin = factory.pin("GPIO27")
    pin.clear_states()

    lamp.show(Look.NO_MICROPHONE)
    await asyncio.sleep(1.05)
    lamp.close()

    intervals = [state.timestamp for state in pin.states[2:-1]]
    assert 8 <= len(intervals) <= 10
    assert median(intervals) == pytest.approx(0.1, abs=0.02)
