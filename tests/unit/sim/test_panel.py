"""The panel without hardware behaves as a real one would."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from ravatard.core.events import ButtonPressed, ButtonReleased
from ravatard.core.indication import Look
from ravatard.errors import InternalError
from ravatard.ports.panel import Button, Lamp
from ravatard.sim.panel import FakeButton, RecordingLamp


async def test_lights_remember_what_they_showed_and_when() -> None:
    lamp = RecordingLamp()

    lamp.show(Look.STARTING)
    await asyncio.sleep(0.5)
    lamp.show(Look.READY)

    assert list(lamp.shown) == [(0, Look.STARTING), (0.5, Look.READY)]
    assert lamp.look is Look.READY


async def test_showing_the_same_again_is_no_change() -> None:
    lamp = RecordingLamp()

    lamp.show(Look.READY)
    lamp.show(Look.READY)

    assert len(lamp.shown) == 1


async def test_closed_lights_are_dark_and_stay_so() -> None:
    lamp: Lamp = RecordingLamp()
    assert isinstance(lamp, RecordingLamp)
    lamp.show(Look.READY)

    lamp.close()
    lamp.close()
    lamp.show(Look.LISTENING)

    assert [look for _, look in lamp.shown] == [Look.READY, Look.OFF]
    assert lamp.closed


async def test_lights_never_lit_are_off() -> None:
    assert RecordingLamp().look is Look.OFF


async def test_lights_forget_the_oldest_first() -> None:
    lamp = RecordingLamp(kept=2)

    for look in (Look.STARTING, Look.READY, Look.LISTENING):
        lamp.show(look)

    assert [look for _, look in lamp.shown] == [Look.READY, Look.LISTENING]


async def test_a_press_and_a_release_arrive_in_order_with_their_times() -> None:
    button = FakeButton()
    source: Button = button

    button.press()
    await asyncio.sleep(0.25)
    button.release()

    async with aclosing(source.events()) as events:  # type: ignore[type-var] # an async generator, seen through its port
        assert await anext(events) == ButtonPressed(0)
        assert await anext(events) == ButtonReleased(0.25)


async def test_a_button_cannot_be_pressed_twice() -> None:
    button = FakeButton()
    button.press()

    with pytest.raises(InternalError, match="down already"):
        button.press()


async def test_a_button_cannot_be_released_before_it_was_pressed() -> None:
    with pytest.raises(InternalError, match="up already"):
        FakeButton().release()


async def test_a_closed_button_is_closed_once() -> None:
    button = FakeButton()

    button.close()
    button.close()

    assert button.closed
