from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ravatard.avatar_sdk.exit_guard import ExitGuard
from ravatard.avatar_sdk.open_sessions import OpenSessions
from tests.unit.avatar_sdk.fakes import NoExit


class FakeSession:
    """Session that takes its time to stop."""

    def __init__(self, opened: OpenSessions, takes_s: float = 0.0) -> None:
        self.stopped_at: float | None = None
        self._opened = opened
        self._takes_s = takes_s

    async def disconnect(self) -> None:
        await asyncio.sleep(self._takes_s)
        self.stopped_at = asyncio.get_running_loop().time()
        self._opened.ended(self)

    def stop_at_once(self, _within_s: float) -> bool:
        return True


class Pool:
    """Connections of a client."""

    def __init__(self) -> None:
        self.closed_at: float | None = None

    def drop(self) -> None:
        """Forget them."""

    async def close(self) -> None:
        self.closed_at = asyncio.get_running_loop().time()


async def test_all_are_stopped_before_the_connections_close() -> None:
    pool = Pool()
    opened = OpenSessions(pool.close, pool.drop, NoExit())
    await opened.hold()
    sessions = [FakeSession(opened, 1.0), FakeSession(opened, 2.0)]
    for session in sessions:
        opened.begin()
        opened.begun(session)

    await opened.end()

    assert ([one.stopped_at for one in sessions], pool.closed_at) == ([1.0, 2.0], 2.0)


async def test_one_that_does_not_stop_holds_up_nothing_for_more_than_four_seconds() -> None:
    pool = Pool()
    opened = OpenSessions(pool.close, pool.drop, NoExit())
    await opened.hold()
    opened.begin()
    opened.begun(FakeSession(opened, 1_000.0))

    await opened.end()

    assert pool.closed_at == 4.0


def test_the_end_of_the_loop_stops_what_is_left_also_in_a_second_loop() -> None:
    pool = Pool()
    opened = OpenSessions(pool.close, pool.drop, NoExit())

    async def main() -> FakeSession:
        await opened.hold()
        session = FakeSession(opened)
        opened.begin()
        opened.begun(session)
        return session

    first, second = asyncio.run(main()), asyncio.run(main())

    assert first.stopped_at is not None
    assert second.stopped_at is not None


def test_an_end_that_is_cancelled_is_made_good_by_the_end_of_the_loop() -> None:
    opened = OpenSessions(Pool().close, Pool().drop, NoExit())
    session = FakeSession(opened, 0.05)

    async def main() -> None:
        await opened.hold()
        opened.begin()
        opened.begun(session)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.0):
                await opened.end()
        assert session.stopped_at is None

    asyncio.run(main())

    assert session.stopped_at is not None


@pytest.mark.parametrize("at_once", [1, 2])
def test_sigterm_ends_the_program_in_order_and_a_second_one_does_not_disturb_that(at_once: int) -> None:
    opened = OpenSessions(Pool().close, Pool().drop, NoExit())
    session = FakeSession(opened, 0.05)

    async def main() -> None:
        await opened.hold()
        opened.begin()
        opened.begun(session)
        for _ in range(at_once):
            signal.raise_signal(signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as caught:
        asyncio.run(main())

    assert caught.value.code == 143
    assert session.stopped_at is not None
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    gc.collect()


def test_a_loop_that_is_never_ended_is_ended_with_the_process() -> None:
    guard = ExitGuard()
    pool = Pool()
    opened = OpenSessions(pool.close, pool.drop, guard)
    session = FakeSession(opened)

    async def main() -> None:
        await opened.hold()
        opened.begin()
        opened.begun(session)

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main())
        with as_signals_are():
            guard.settle()

        assert session.stopped_at is not None
        assert pool.closed_at is not None
    finally:
        loop.close()


@contextmanager
def as_signals_are() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
