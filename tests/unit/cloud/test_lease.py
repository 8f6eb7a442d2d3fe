"""A lease is started once and ended once, whatever is cancelled in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

import pytest

from ravatard.cloud.lease import Lease
from ravatard.errors import BusyError, HouseError, LinkError
from ravatard.secret import Secret


class Counter:
    """The paying side: takes time to start and to end, and counts."""

    def __init__(self, *, start_s: float = 1.0, end_s: float = 0.5) -> None:
        self.started: list[str] = []
        self.ended: list[str] = []
        self.refusals = 0
        self.end_failures = 0
        self._start_s, self._end_s = start_s, end_s

    async def start(self) -> Secret:
        await asyncio.sleep(self._start_s)
        if self.refusals:
            self.refusals -= 1
            raise BusyError("no place")
        self.started.append(f"lease-{len(self.started) + 1}")
        return Secret(self.started[-1])

    async def end(self, lease: Secret) -> None:
        await asyncio.sleep(self._end_s)
        if self.end_failures:
            self.end_failures -= 1
            raise LinkError("no network")
        self.ended.append(lease.reveal())

    def lease(self, close_s: float = 5.0) -> Lease:
        return Lease(self.start, self.end, close_s=close_s)

    @property
    def open(self) -> list[str]:
        return [lease for lease in self.started if lease not in self.ended]


async def cancelled_after(seconds: float, call: Callable[[], Coroutine[None, None, None]]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await call()


async def test_what_was_acquired_is_held_and_ended_once() -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await lease.acquire()
        held = lease.held
        await lease.acquire()
        await lease.release()
        await lease.release()

    assert (held, lease.held) == (Secret("lease-1"), None)
    assert (counter.started, counter.ended) == (["lease-1"], ["lease-1"])


async def test_leaving_ends_what_is_held() -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await lease.acquire()

    assert counter.ended == ["lease-1"]


async def test_leaving_by_an_error_ends_what_is_held_too() -> None:
    counter = Counter()
    lease = counter.lease()

    async def buggy() -> None:
        async with lease.opened():
            await lease.acquire()
            raise HouseError("a bug")

    with pytest.raises(ExceptionGroup):
        await buggy()

    assert counter.ended == ["lease-1"]


@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.999])
async def test_a_start_whose_caller_was_cancelled_is_ended_as_soon_as_its_id_is_known(after_s: float) -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await cancelled_after(after_s, lease.acquire)
        await asyncio.sleep(2.0)
        assert counter.open == []

    assert counter.ended == counter.started


async def test_leaving_in_the_middle_of_a_start_waits_for_it_and_ends_it() -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await cancelled_after(0.1, lease.acquire)

    assert counter.started == counter.ended == ["lease-1"]


async def test_a_start_that_is_wanted_again_before_it_came_is_kept() -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await cancelled_after(0.5, lease.acquire)
        await lease.acquire()
        assert lease.held == Secret("lease-1")

    assert counter.started == counter.ended == ["lease-1"]


@pytest.mark.parametrize("after_s", [0.0, 0.2, 0.499])
async def test_an_ending_whose_caller_was_cancelled_goes_on_and_is_not_repeated(after_s: float) -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await lease.acquire()
        await cancelled_after(after_s, lease.release)

    assert counter.ended == ["lease-1"]


async def test_a_refused_start_raises_and_leaves_nothing() -> None:
    counter = Counter()
    counter.refusals = 1
    lease = counter.lease()

    async with lease.opened():
        with pytest.raises(BusyError):
            await lease.acquire()
        assert lease.held is None
        await lease.acquire()

    assert counter.ended == ["lease-1"]


async def test_a_refusal_nobody_waits_for_any_more_is_no_complaint_at_exit() -> None:
    counter = Counter()
    counter.refusals = 1
    lease = counter.lease()

    async with lease.opened():
        await cancelled_after(0.5, lease.acquire)
        await asyncio.sleep(1.0)

    assert counter.started == []


async def test_an_ending_that_failed_is_owed_and_settled_later(caplog: pytest.LogCaptureFixture) -> None:
    counter = Counter()
    counter.end_failures = 1
    lease = counter.lease()

    async with lease.opened():
        await lease.acquire()
        with caplog.at_level(logging.WARNING):
            counter.end_failures = 2
            await lease.release()
        assert lease.owed == [Secret("lease-1")]
        await lease.acquire()
        assert lease.held == Secret("lease-2")
        await lease.settle()
        assert lease.owed == []

    assert counter.ended == ["lease-1", "lease-2"]
    assert "tried again" in caplog.text
    assert "lease-1" not in caplog.text


async def test_a_lease_the_other_side_ended_is_not_ended_again() -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await lease.acquire()
        lease.forget()

    assert counter.ended == []


async def test_leaving_is_bounded_in_time(caplog: pytest.LogCaptureFixture) -> None:
    counter = Counter(end_s=1.5)
    lease = counter.lease(close_s=1.0)
    loop = asyncio.get_running_loop()

    with caplog.at_level(logging.WARNING):
        async with lease.opened():
            await lease.acquire()
            left_at = loop.time()

    # The request that is under way is not torn: the group waits for it, and its own deadline bounds it.
    assert loop.time() - left_at == pytest.approx(1.5)
    assert "within 1 s" in caplog.text
    assert counter.ended == ["lease-1"]


async def test_outside_of_its_time_no_lease_is_given() -> None:
    with pytest.raises(HouseError):
        await Counter().lease().acquire()
