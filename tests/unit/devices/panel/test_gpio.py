"""Edges of a mock pin become presses and releases; a bouncing contact is one press."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise

import pytest
from gpiozero import DigitalInputDevice
from gpiozero.pins.mock import MockFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.events import ButtonPressed, ButtonReleased
from ravatard.devices.panel.gpio import Debouncer, Edge, GpioButton, open_button
from ravatard.devices.panel.options import ButtonOptions
from ravatard.errors import DeviceError
from ravatard.ports.panel import Button
from tests.assertions import assert_no_complaint
from tests.examples import examples

PIN = 17


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.close()


class Finger:
    """Moves the contact of a button to ground."""

    def __init__(self, factory: MockFactory) -> None:
        self._pin = factory.pin(f"GPIO{PIN}")

    def press(self) -> None:
        self._pin.drive_low()

    def release(self) -> None:
        self._pin.drive_high()


@contextlib.asynccontextmanager
async def listening(button: Button) -> AsyncIterator[list[ButtonPressed | ButtonReleased]]:
    heard: list[ButtonPressed | ButtonReleased] = []

    async def listen() -> None:
        async for event in button.events():
            heard.append(event)

    async with asyncio.TaskGroup() as tasks:
        ear = tasks.create_task(listen())
        await asyncio.sleep(0)
        yield heard
        ear.cancel()


async def next_of(
    events: AsyncIterator[ButtonPressed | ButtonReleased],
) -> ButtonPressed | ButtonReleased:
    return await anext(events)


def a_button(factory: MockFactory, bounce_ms: int = 20) -> Button:
    button = open_button(ButtonOptions(pin=PIN, bounce_ms=bounce_ms), factory)
    assert button is not None
    return button


async def test_a_press_and_a_release_are_told_with_their_times(factory: MockFactory) -> None:
    button, finger = a_button(factory), Finger(factory)

    async with listening(button) as heard:
        await asyncio.sleep(1)
        finger.press()
        await asyncio.sleep(0.5)
        finger.release()
        await asyncio.sleep(0.1)

    assert heard == [ButtonPressed(1), ButtonReleased(1.5)]
    button.close()


async def test_a_press_is_told_at_once(factory: MockFactory) -> None:
    button, finger = a_button(factory), Finger(factory)

    async with listening(button) as heard:
        finger.press()
        for _ in range(5):
            await asyncio.sleep(0)

        assert heard == [ButtonPressed(0)]
        assert asyncio.get_running_loop().time() == 0
    button.close()


async def test_a_bouncing_contact_is_one_press_and_one_release(factory: MockFactory) -> None:
    button, finger = a_button(factory), Finger(factory)

    async with listening(button) as heard:
        for _ in range(5):
            finger.press()
            await asyncio.sleep(0.001)
            finger.release()
            await asyncio.sleep(0.001)
        finger.press()
        await asyncio.sleep(0.3)
        for _ in range(5):
            finger.release()
            await asyncio.sleep(0.001)
            finger.press()
            await asyncio.sleep(0.001)
        finger.release()
        await asyncio.sleep(0.3)

    assert heard == [ButtonPressed(0), ButtonReleased(0.31)]
    button.close()


async def test_a_tap_shorter_than_the_bounce_time_still_ends(factory: MockFactory) -> None:
    button, finger = a_button(factory), Finger(factory)

    async with listening(button) as heard:
        finger.press()
        await asyncio.sleep(0.015)
        finger.release()
        await asyncio.sleep(0.004)
        assert heard == [ButtonPressed(0)]
        await asyncio.sleep(0.1)

    assert heard == [ButtonPressed(0), ButtonReleased(0.015)]
    button.close()


async def test_without_a_bounce_time_every_edge_counts(factory: MockFactory) -> None:
    button, finger = a_button(factory, bounce_ms=0), Finger(factory)

    async with listening(button) as heard:
        finger.press()
        finger.release()
        finger.press()
        await asyncio.sleep(0.1)

    assert heard == [ButtonPressed(0), ButtonReleased(0), ButtonPressed(0)]
    button.close()


async def test_a_button_that_is_down_at_start_counts_once_it_was_released(
    factory: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    button, finger = a_button(factory), Finger(factory)
    finger.press()

    async with listening(button) as heard:
        await asyncio.sleep(1)
        finger.release()
        await asyncio.sleep(1)
        finger.press()
        await asyncio.sleep(1)

    assert heard == [ButtonPressed(2)]
    assert "the button on GPIO 17 is down at start" in caplog.text
    button.close()


async def test_a_storm_that_nobody_reads_ends_with_the_truth(factory: MockFactory) -> None:
    button, finger = a_button(factory, bounce_ms=0), Finger(factory)
    events = button.events()
    first = asyncio.get_running_loop().create_task(next_of(events))
    await asyncio.sleep(0)

    for _ in range(500):
        finger.press()
        finger.release()
    finger.press()

    heard = [await first]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            async for event in events:
                heard.append(event)
    assert len(heard) <= 64
    assert heard[-1] == ButtonPressed(0)
    button.close()


async def test_a_button_to_3_volts_is_pressed_by_a_high_level(factory: MockFactory) -> None:
    button = open_button(ButtonOptions(pin=PIN, pull_up=False), factory)
    assert button is not None
    pin = factory.pin(f"GPIO{PIN}")

    async with listening(button) as heard:
        pin.drive_high()
        await asyncio.sleep(0.1)

    assert heard == [ButtonPressed(0)]
    button.close()


async def test_nobody_is_called_after_the_listener_has_gone(factory: MockFactory) -> None:
    device = DigitalInputDevice(PIN, pull_up=True, pin_factory=factory)
    button = GpioButton(device, bounce_s=0.02)

    async with listening(button):
        pass

    assert device.when_activated is None
    assert device.when_deactivated is None
    button.close()


async def test_closing_while_somebody_listens_is_quiet(factory: MockFactory) -> None:
    button = a_button(factory)

    with assert_no_complaint():
        async with listening(button):
            button.close()
            button.close()


async def test_a_closed_button_gives_its_pin_back(factory: MockFactory) -> None:
    a_button(factory).close()

    with assert_no_complaint():
        a_button(factory).close()


def test_an_edge_after_the_loop_has_closed_harms_nobody(factory: MockFactory) -> None:
    button, finger = a_button(factory), Finger(factory)
    loop = asyncio.SelectorEventLoop()

    async def begin() -> object:
        task = loop.create_task(next_of(button.events()))
        await asyncio.sleep(0)
        return task

    task = loop.run_until_complete(begin())
    loop.close()

    finger.press()

    assert isinstance(task, asyncio.Task)
    task._log_destroy_pending = False  # type: ignore[attr-defined] # left pending on purpose
    button.close()


def test_no_pin_means_no_button() -> None:
    assert open_button(ButtonOptions()) is None


def test_a_pin_in_use_is_refused(factory: MockFactory) -> None:
    button = a_button(factory)

    with pytest.raises(DeviceError, match=r"button\.pin \(GPIO 17\): GPIO 17 is already used"):
        a_button(factory)

    button.close()


edges = st.lists(st.floats(0, 0.1), max_size=60)


@settings(deadline=None, max_examples=examples(300))
@given(gaps=edges, first_down=st.booleans())
def test_the_debounced_button_alternates_and_ends_where_the_contact_ended(
    gaps: list[float], first_down: bool
) -> None:
    debouncer = Debouncer(down=not first_down, bounce_s=0.02)
    told: list[Edge] = []
    at, down = 0.0, not first_down

    for gap in gaps:
        at += gap
        if debouncer.settles_at is not None and debouncer.settles_at <= at:
            told += debouncer.settle(debouncer.settles_at)
        down = not down
        told += debouncer.edge(Edge(down, at))
    while debouncer.settles_at is not None:
        told += debouncer.settle(debouncer.settles_at)

    levels = [not first_down, *(edge.down for edge in told)]
    assert all(one is not other for one, other in pairwise(levels))
    assert levels[-1] is down
    times = [edge.at for edge in told]
    assert times == sorted(times)


@settings(deadline=None, max_examples=examples(200))
@given(gaps=edges)
def test_being_settled_late_changes_nothing(gaps: list[float]) -> None:
    prompt, late = Debouncer(down=False, bounce_s=0.02), Debouncer(down=False, bounce_s=0.02)
    told_prompt: list[Edge] = []
    told_late: list[Edge] = []
    at, down = 0.0, False

    for gap in gaps:
        at += gap
        down = not down
        if prompt.settles_at is not None and prompt.settles_at <= at:
            told_prompt += prompt.settle(prompt.settles_at)
        told_prompt += prompt.edge(Edge(down, at))
        told_late += late.edge(Edge(down, at))

    assert told_prompt == told_late
