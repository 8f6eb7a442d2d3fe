"""A lease is started once and ended once, whatever is cancelled in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from itertools import pairwise

import pytest

from ravatard.cloud.kind import GivenUp
from ravatard.cloud.lease import FIRST_PAUSE_S, Lease, MemoryLedger
from ravatard.errors import BusyError, InternalError, LinkError
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret


def debt(licence: str) -> OwedSession:
    return OwedSession("ravatar", Secret(licence), "https://service.example", "kiosk-1")


class Book(MemoryLedger):
    """A ledger that tells what was done with it, in order."""

    def __init__(self, *owed: OwedSession) -> None:
        super().__init__()
        for one in owed:
            super().add(one)
        self.entries: list[str] = []

    def add(self, debt: OwedSession) -> None:
        self.entries.append(f"+{debt.id.reveal()}")
        super().add(debt)

    def strike(self, debt: OwedSession) -> None:
        self.entries.append(f"-{debt.id.reveal()}")
        super().strike(debt)


class Counter:
    """The paying side: takes time to start and to end, and counts."""

    def __init__(self, *, start_s: float = 1.0, end_s: float = 0.5, book: Book | None = None) -> None:
        self.book = Book() if book is None else book
        self.asked: list[str] = []
        self.started: list[str] = []
        self.ended: list[str] = []
        self.refusals = 0
        self.end_failures = 0
        self._start_s, self._end_s = start_s, end_s

    async def start(self) -> OwedSession:
        await asyncio.sleep(self._start_s)
        if self.refusals:
            self.refusals -= 1
            raise BusyError("no place")
        self.started.append(f"lease-{len(self.started) + 1}")
        return debt(self.started[-1])

    async def end(self, lease: OwedSession) -> None:
        self.asked.append(lease.id.reveal())
        await asyncio.sleep(self._end_s)
        if self.end_failures:
            self.end_failures -= 1
            raise LinkError("no network")
        self.ended.append(lease.id.reveal())

    def lease(self, close_s: float = 5.0) -> Lease:
        return Lease(self.start, self.end, close_s=close_s, ledger=self.book)

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

    assert (held, lease.held) == (debt("lease-1"), None)
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
            raise InternalError("a bug")

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
        assert lease.held == debt("lease-1")

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
            await lease.release()
        assert lease.owed == [debt("lease-1")]
        await lease.acquire()
        assert lease.held == debt("lease-2")
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
    with pytest.raises(InternalError):
        await Counter().lease().acquire()


async def test_without_a_ledger_a_lease_is_ended_all_the_same() -> None:
    counter = Counter()
    lease = Lease(counter.start, counter.end, close_s=5.0)

    async with lease.opened():
        await lease.acquire()

    assert counter.ended == ["lease-1"]


# ------------------------------------------------------------------ what is on the ledger


async def test_a_lease_is_on_the_ledger_before_anybody_can_use_it_and_until_it_is_ended() -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await lease.acquire()
        while_held = list(counter.book.entries)
        leaving = asyncio.get_running_loop().time()
        await lease.release()

    assert while_held == ["+lease-1"]
    assert asyncio.get_running_loop().time() == leaving + 0.5
    assert counter.book.entries == ["+lease-1", "-lease-1"]


async def test_a_start_that_nobody_wants_any_more_is_on_the_ledger_while_it_is_being_ended() -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await cancelled_after(0.5, lease.acquire)
        await asyncio.sleep(0.75)
        while_ending = counter.book.owed()

    assert while_ending == [debt("lease-1")]
    assert counter.book.owed() == []


async def test_a_lease_the_other_side_ended_leaves_the_ledger() -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await lease.acquire()
        lease.forget()
        lease.forget()

        assert counter.book.entries == ["+lease-1", "-lease-1"]


async def test_an_ending_that_failed_to_the_last_stays_on_the_ledger() -> None:
    counter = Counter()
    counter.end_failures = 9
    lease = counter.lease()

    async with lease.opened():
        await lease.acquire()

    assert counter.book.owed() == [debt("lease-1")]


async def test_what_another_run_has_left_is_ended_from_the_beginning_on_once_each() -> None:
    counter = Counter(book=Book(debt("old-1"), debt("old-2")))
    lease = counter.lease()

    async with lease.opened():
        lease.prompt()
        await asyncio.sleep(0.25)
        lease.prompt()
        await cancelled_after(0.1, lease.settle)
        await lease.settle()

        assert counter.book.owed() == []

    assert sorted(counter.asked) == ["old-1", "old-2"]


async def test_what_another_run_has_left_does_not_wait_for_itself_nor_does_a_new_lease() -> None:
    counter = Counter(end_s=100.0, book=Book(debt("old")))
    lease = counter.lease()
    loop = asyncio.get_running_loop()

    async with lease.opened():
        await lease.acquire()

        assert loop.time() == 1.0
        assert lease.owed == [debt("old")]
        await asyncio.sleep(200.0)

    assert counter.asked == counter.ended == ["old", "lease-1"]


async def test_an_ending_that_fails_is_tried_again_at_growing_distances_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counter = Counter(end_s=0.0, book=Book(debt("old")))
    counter.end_failures = 1_000
    lease = counter.lease()
    loop = asyncio.get_running_loop()
    asked_at: list[float] = []

    async with lease.opened():
        while loop.time() < 3_600:
            asked = len(counter.asked)
            lease.prompt()
            await asyncio.sleep(FIRST_PAUSE_S)
            if len(counter.asked) > asked:
                asked_at.append(loop.time())

    gaps = [round(later - earlier) for earlier, later in pairwise(asked_at)]
    assert gaps[:7] == [10, 20, 40, 80, 160, 320, 640]
    assert set(gaps[7:]) <= {640}
    assert [record.levelname for record in caplog.records if "tried again" in record.message] == ["WARNING"]


async def test_on_the_way_out_only_our_own_leases_are_asked_for_again() -> None:
    counter = Counter(book=Book(debt("old")))
    counter.end_failures = 4
    lease = counter.lease()

    async with lease.opened():
        await asyncio.sleep(5.0)
        await lease.acquire()
        await lease.release()

    assert counter.asked == ["old", "old", "old", "lease-1", "lease-1"]
    assert counter.book.owed() == [debt("old")]


async def test_a_start_that_outlives_the_time_for_leaving_is_ended_too() -> None:
    counter = Counter(start_s=10.0)
    lease = counter.lease(close_s=1.0)

    async with lease.opened():
        await cancelled_after(0.5, lease.acquire)

    assert counter.started == counter.ended == ["lease-1"]


@pytest.mark.parametrize("after_s", [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0])
async def test_whenever_the_process_dies_the_next_run_ends_what_it_knew_of(after_s: float) -> None:
    counter = Counter()

    async def run() -> None:
        lease = counter.lease()
        async with lease.opened():
            await lease.acquire()
            await asyncio.sleep(0.5)
            await lease.release()
            await asyncio.sleep(10.0)

    loop = asyncio.get_running_loop()
    dying = loop.create_task(run())
    await asyncio.sleep(after_s)
    on_disk = counter.book.owed()
    known = [f"lease-{number + 1}" for number in range(len(counter.started))]

    assert [one.id.reveal() for one in on_disk] == [one for one in known if one not in counter.ended]
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying


# ------------------------------------------------------------------ who looks on


async def test_who_waits_for_another_lease_is_told_of_each_and_of_none() -> None:
    counter = Counter()
    lease = counter.lease()
    loop = asyncio.get_running_loop()
    seen: list[tuple[float, OwedSession | None]] = []

    async def look_on() -> None:
        known: OwedSession | None = None
        while len(seen) < 3:
            known = await lease.other_than(known)
            seen.append((loop.time(), known))

    async with lease.opened(), asyncio.TaskGroup() as group:
        group.create_task(look_on())
        group.create_task(look_on_once(lease))
        await lease.acquire()
        await asyncio.sleep(5.0)
        await lease.release()
        await asyncio.sleep(5.0)
        await lease.acquire()
        await asyncio.sleep(0.0)

    # It counts as given up when its ending begins, not when that has worked.
    assert seen == [(1.0, debt("lease-1")), (6.0, None), (12.5, debt("lease-2"))]


async def look_on_once(lease: Lease) -> None:
    assert await lease.other_than(None) == debt("lease-1")


async def test_a_lease_with_the_same_name_is_another_one() -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await lease.acquire()
        first = lease.held
        lease.forget()
        counter.started.clear()
        await lease.acquire()

        assert await lease.other_than(first) == first


async def test_a_lease_nobody_wants_any_more_is_never_shown() -> None:
    counter = Counter()
    lease = counter.lease()

    async with lease.opened():
        await cancelled_after(0.5, lease.acquire)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60.0):
                await lease.other_than(None)

    assert counter.ended == ["lease-1"]


async def test_a_session_that_cannot_be_ended_is_a_fault_and_a_reload_tries_at_once() -> None:
    counter = Counter()
    counter.end_failures = 10
    lease = counter.lease()
    async with lease.opened():
        await lease.acquire()
        before = lease.faults
        await lease.release()
        await asyncio.sleep(60.0)
        during = lease.faults
        counter.end_failures = 0
        asked = len(counter.asked)
        lease.retry()
        await asyncio.sleep(1.0)

        assert before == ()
        assert during == ("a paid session may still be open; its end failed: no network",)
        assert len(counter.asked) == asked + 1
        assert lease.faults == ()


async def test_a_lease_that_is_closed_tries_nothing_again() -> None:
    lease = Counter(book=Book(debt("old"))).lease()

    lease.retry()

    assert lease.owed == [debt("old")]


async def test_a_session_that_is_given_up_is_told_until_the_daemon_ends() -> None:
    counter = Counter()
    counter.book.add(debt("left"))

    async def give_up(_: OwedSession) -> str:
        return GivenUp("a paid session was given up; look for it there")

    lease = Lease(counter.start, give_up, close_s=5.0, ledger=counter.book)
    async with lease.opened():
        await lease.settle()

        assert lease.faults == ("a paid session was given up; look for it there",)
        assert lease.owed == []


async def test_what_was_no_session_is_no_fault() -> None:
    counter = Counter()
    counter.book.add(debt("left"))

    async def explain(_: OwedSession) -> str:
        return "a start without an answer has left nothing open"

    lease = Lease(counter.start, explain, close_s=5.0, ledger=counter.book)
    async with lease.opened():
        await lease.settle()

        assert (lease.faults, lease.owed) == ((), [])
