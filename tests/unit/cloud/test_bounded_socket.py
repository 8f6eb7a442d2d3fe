"""Limits of a socket; integration/test_http.py and test_pixelstreaming_player.py flood real ones."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.cloud.bounded_socket import AT_ONCE, MessageAllowance


async def test_a_thousand_messages_may_come_at_once_and_no_more() -> None:
    allowance = MessageAllowance()

    allowed = [allowance.take() for _ in range(AT_ONCE + 10)]

    assert allowed == [True] * AT_ONCE + [False] * 10


@pytest.mark.slow
async def test_messages_at_the_pace_of_a_conversation_are_always_allowed() -> None:
    allowance = MessageAllowance()
    for _ in range(5_000):
        await asyncio.sleep(0.1)
        assert allowance.take()


async def test_reading_lets_others_run() -> None:
    allowance, turns = MessageAllowance(), 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(other())
        for _ in range(320):
            await allowance.pause()
        task.cancel()

    assert turns >= 9
