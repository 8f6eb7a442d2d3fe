"""Work is begun in a group, and dropped by one that fails."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.mqtt.beginning import begin


async def test_work_is_begun_and_dropped_once_the_group_fails() -> None:
    done: list[str] = []

    async def work(name: str) -> None:
        done.append(name)

    async def fail() -> None:
        raise ValueError

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            begin(group, work("first"), "first")
            group.create_task(fail())
            try:
                await asyncio.sleep(1.0)
            finally:
                begin(group, work("late"), "late")

    with pytest.raises(ExceptionGroup):
        await both()
    assert done == ["first"]
