"""A cancellation that a failing group would swallow is passed on."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.cancellation import pass_on_cancellation


async def test_without_a_cancellation_nothing_happens() -> None:
    pass_on_cancellation()

    assert not asyncio.current_task().cancelling()  # type: ignore[union-attr] # a test runs in a task


async def test_a_cancellation_that_was_swallowed_is_raised_again() -> None:
    async def swallows() -> None:
        try:
            await asyncio.sleep(10.0)
        except asyncio.CancelledError:
            pass_on_cancellation()

    task = asyncio.get_running_loop().create_task(swallows())
    await asyncio.sleep(0.0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
