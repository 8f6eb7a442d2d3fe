"""A socket whose other end sends without end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ravatard.cloud.ravatar.connection import RavatarConnection, WireProfile
from ravatard.core.capabilities import Capabilities
from ravatard.core.events import Answered
from ravatard.errors import LinkError
from tests.unit.cloud.ravatar.fakes import now

CAPABILITIES = Capabilities(True, True, True, 30.0, "Ava", "en")
ANSWER = '{"answer": "a"}'


class Endless:
    """A socket with messages that are all there at once: reading them never waits."""

    def __init__(self, message: str, count: int) -> None:
        self._message = message
        self.left = count

    async def send(self, text: str) -> None:
        raise AssertionError(text)

    async def receive(self) -> str | bytes:
        if self.left == 0:
            await asyncio.Event().wait()
        self.left -= 1
        return self._message


def connection(socket: Any) -> RavatarConnection:
    async def never() -> None:
        await asyncio.Event().wait()

    profile = WireProfile(CAPABILITIES, {}, None, never)
    return RavatarConnection(socket, profile, None, 5.0)  # type: ignore[arg-type]


async def received_in(seconds: float, socket: Endless) -> int:
    """Number of answers that come out within ``seconds`` of virtual time."""
    count = 0
    try:
        async with asyncio.timeout(seconds):
            async for message in connection(socket).receive():
                count += isinstance(message, Answered)
    except TimeoutError:
        pass
    return count


async def test_messages_of_an_honest_service_are_not_held_back() -> None:
    before = now()

    assert await received_in(0.001, Endless(ANSWER, 40)) == 40
    assert now() - before < 0.01


@pytest.mark.parametrize("message", [ANSWER, "{}", "no JSON", "[]", ""])
async def test_a_flood_of_any_kind_is_read_at_a_pace(message: str) -> None:
    socket = Endless(message, 4_500)

    await received_in(1.0, socket)

    assert 4_500 - socket.left <= 80


async def test_a_flood_that_does_not_end_costs_the_connection() -> None:
    with pytest.raises(LinkError, match="more than 25 messages a second"):
        async for _ in connection(Endless(ANSWER, 1_000_000)).receive():
            pass

    assert 9.0 < now() < 15.0
