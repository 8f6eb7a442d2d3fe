"""The clock that jumps, tried on programs whose timing is known."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.virtual_time import Deadlock, LeftBehind, VirtualTimeLoop, run

pytest_plugins = ["pytester"]


def now() -> float:
    return asyncio.get_running_loop().time()


def test_an_hour_passes_at_once() -> None:
    async def hour() -> float:
        await asyncio.sleep(3600)
        return now()

    began = time.monotonic()
    ended_at = run(hour())

    assert ended_at == 3600
    assert time.monotonic() - began < 5


async def test_sleepers_wake_in_the_order_of_their_alarms() -> None:
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((name, now()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper("late", 0.3))
        tasks.create_task(sleeper("early", 0.1))

    assert woken == [("early", 0.1), ("late", 0.3)]


@pytest.mark.slow
async def test_times_stay_sharp_over_many_short_sleeps() -> None:
    for _ in range(1000):
        await asyncio.sleep(0.02)

    assert now() == 20.0


async def test_timeouts_keep_virtual_time() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(15):
            await asyncio.Event().wait()

    assert now() == 15


async def test_debug_mode_is_on() -> None:
    assert asyncio.get_running_loop().get_debug()


async def test_a_fixture_reaches_an_async_test(tmp_path: Path) -> None:
    assert tmp_path.is_absolute()


async def test_work_for_a_thread_is_done_at_once() -> None:
    assert await asyncio.to_thread(lambda: now() + 1) == 1


async def test_a_failure_in_work_for_a_thread_reaches_the_one_who_waits() -> None:
    def fail() -> None:
        raise ValueError("told")

    with pytest.raises(ValueError, match="told"):
        await asyncio.to_thread(fail)


async def test_real_descriptors_are_read_without_a_timer() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()
        loop.add_reader(ours, arrived.set)
        theirs.send(b"x")

        await arrived.wait()

        loop.remove_reader(ours)
    assert now() == 0


def test_a_deadlock_names_the_task_and_the_line_it_waits_at() -> None:
    async def stuck() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.Event().wait(), name="the-stuck-one")

    with pytest.raises(Deadlock, match=r"no timer is set.*the-stuck-one \(.*locks\.py:\d+\)"):
        run(stuck())


def test_a_deadlock_cannot_be_caught_by_the_program_under_test() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except Deadlock:
            return

    with pytest.raises(Deadlock):
        run(stubborn())


def test_a_task_left_pending_fails_the_run() -> None:
    async def careless() -> object:
        return asyncio.get_running_loop().create_task(asyncio.sleep(1), name="forgotten")

    with pytest.raises(LeftBehind, match=r"still pending: forgotten"):
        run(careless())


def test_an_async_generator_left_early_is_no_task_left_pending() -> None:
    closed = []

    async def numbers() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    async def takes_one() -> None:
        async for _ in numbers():
            break

    run(takes_one())

    assert closed == [True]


def test_an_exception_that_only_the_loop_saw_fails_the_run() -> None:
    async def callback_fails() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(1)

    with pytest.raises(LeftBehind, match="ZeroDivisionError"):
        run(callback_fails())


def test_an_exception_that_only_the_loop_saw_is_noted_on_the_failure() -> None:
    async def fails_twice() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(1)
        raise ValueError("first")

    with pytest.raises(ValueError, match="first") as failure:
        run(fails_twice())

    assert "ZeroDivisionError" in failure.value.__notes__[0]


def test_the_result_is_handed_back() -> None:
    assert run(asyncio.sleep(2, result="done")) == "done"


def test_a_run_starts_at_zero() -> None:
    loop = VirtualTimeLoop()

    assert loop.time() == 0
    loop.close()


def test_a_failing_async_test_is_reported_as_failed_and_an_integration_test_runs_in_real_time(
    pytester: pytest.Pytester,
) -> None:
    conftest = Path(__file__).parents[1] / "conftest.py"
    pytester.makeconftest(conftest.read_text())
    pytester.makeini("[pytest]\nmarkers = integration: real")
    pytester.makepyfile(
        """
        import asyncio, time
        import pytest

        async def test_fails():
            await asyncio.sleep(1)
            assert False

        async def test_virtual():
            began = time.monotonic()
            await asyncio.sleep(100)
            assert time.monotonic() - began < 50

        @pytest.mark.integration
        async def test_real():
            began = time.monotonic()
            await asyncio.sleep(0.05)
            assert time.monotonic() - began > 0.04
        """
    )

    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2, failed=1)
