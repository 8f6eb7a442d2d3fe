"""Objects of the start are left out of collections, once, and what comes later is collected."""

from __future__ import annotations

import asyncio
import gc
import weakref

from ravatard.assembly.frozen_start import SETTLED_S, SettledStart, freeze_imports


class Knot:
    """Object that only a collection frees."""

    def __init__(self) -> None:
        self.itself = self


def knots() -> list[Knot]:
    """Those that a collection would look at."""
    return [one for one in gc.get_objects() if isinstance(one, Knot)]


def test_what_is_there_at_the_start_is_looked_at_no_more() -> None:
    held = Knot()
    looked_at = knots()
    freeze_imports()

    assert (looked_at, knots()) == ([held], [])


async def test_when_the_appliance_has_settled_the_rest_is_left_out_once() -> None:
    started = SettledStart(asyncio.get_running_loop())
    first = Knot()
    await asyncio.sleep(SETTLED_S - 1)
    before = knots()
    await asyncio.sleep(2)
    settled, later = knots(), Knot()
    await asyncio.sleep(10 * SETTLED_S)
    started.cancel()

    assert (before, settled, knots()) == ([first], [], [later])


async def test_what_comes_later_and_is_garbage_is_collected() -> None:
    SettledStart(asyncio.get_running_loop(), settled_s=0.0)
    await asyncio.sleep(0.1)
    knot = weakref.ref(Knot())

    gc.collect()

    assert knot() is None


async def test_an_appliance_that_ends_before_leaves_nothing_out() -> None:
    SettledStart(asyncio.get_running_loop()).cancel()
    held = Knot()

    await asyncio.sleep(2 * SETTLED_S)

    assert knots() == [held]
