"""One attempt at a connection: how it ends, and what is left open then (nothing)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.errors import AuthError, InternalError, LinkError, PeerError, RavatardError
from ravatard.stages.attempt import Attempt, attempt, first_error
from tests.unit.stages.fakes import FakeCloud, running


class Connections:
    """A connection that says when it is open.

    Attributes:
        log: what happened to it.
    """

    def __init__(self, refusal: RavatardError | None = None) -> None:
        self.log: list[str] = []
        self._refusal = refusal

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[str]:
        if self._refusal is not None:
            raise self._refusal
        self.log.append("open")
        try:
            yield "connection"
        finally:
            self.log.append("closed")


async def test_a_refusal_is_the_trouble_and_it_was_never_up() -> None:
    refusal = LinkError("overloaded", retry_after_s=10.0)

    async def use(connection: str, group: asyncio.TaskGroup) -> None:
        raise AssertionError("nothing is open")

    ended = await attempt(FakeCloud(), Connections(refusal).opened(), use)

    assert ended == Attempt(refusal, None)
    assert ended.retry_after_s == 10.0
    assert ended.pause_s(Backoff(BackoffOptions(), lambda: 0.5)) >= 10.0


async def test_what_breaks_any_of_its_tasks_ends_it_and_outranked_errors_are_left_out() -> None:
    connections = Connections()
    denied = AuthError("unknown project")

    async def breaks(error: RavatardError) -> None:
        await asyncio.sleep(2.0)
        raise error

    async def use(connection: str, group: asyncio.TaskGroup) -> None:
        group.create_task(breaks(PeerError("nonsense")), name="first")
        group.create_task(breaks(denied), name="second")
        await asyncio.Event().wait()

    ended = await attempt(FakeCloud(), connections.opened(), use)

    assert ended == Attempt(denied, 2.0)
    assert ended.retry_after_s is None
    assert connections.log == ["open", "closed"]


async def test_a_use_that_returns_ends_it_in_good_order() -> None:
    connections = Connections()

    async def use(connection: str, group: asyncio.TaskGroup) -> None:
        await asyncio.sleep(3.0)

    assert await attempt(FakeCloud(), connections.opened(), use) == Attempt(None, 3.0)
    assert connections.log == ["open", "closed"]


async def test_a_bug_is_not_taken_for_trouble() -> None:
    async def use(connection: str, group: asyncio.TaskGroup) -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await attempt(FakeCloud(), Connections().opened(), use)

    assert caught.value.subgroup(ZeroDivisionError) is not None


async def test_cancelled_it_leaves_nothing_open() -> None:
    connections = Connections()

    async def use(connection: str, group: asyncio.TaskGroup) -> None:
        await asyncio.Event().wait()

    async def attempted() -> None:
        await attempt(FakeCloud(), connections.opened(), use)

    async with running(attempted):
        await asyncio.sleep(1.0)

    assert connections.log == ["open", "closed"]


def test_a_group_of_foreign_errors_is_a_bug() -> None:
    with pytest.raises(InternalError, match="an unexpected ValueError"):
        first_error(BaseExceptionGroup("group", [ValueError()]))
