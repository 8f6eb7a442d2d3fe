"""A deadline that passes while a proxy is waited for names the proxy."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.cloud.network.missed_deadline import missed, noting_proxy, way_of

PROXY = "http://proxy.example:3128 (service.proxy)"
BY = " by way of the proxy http proxy.example:3128 (service.proxy)"


async def _waiting(proxy: str, *, connected: bool) -> None:
    with noting_proxy(proxy, lambda: connected):
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("proxy", "connected", "told"),
    [
        (PROXY, True, BY),
        (PROXY, False, f": no connection came about{BY}"),
        ("", True, ""),
        ("", False, ""),
    ],
)
@pytest.mark.parametrize("in_task", [False, True])
async def test_the_proxy_is_told_where_there_is_one(
    proxy: str, connected: bool, told: str, in_task: bool
) -> None:
    async def late_request() -> None:
        async with asyncio.timeout(1.0), asyncio.TaskGroup() as group:
            if in_task:
                await group.create_task(_waiting(proxy, connected=connected), name="request")
            await _waiting(proxy, connected=connected)

    with pytest.raises(TimeoutError) as late:
        await late_request()

    assert way_of(late.value) == told


async def test_other_ends_are_left_alone() -> None:
    with pytest.raises(OSError, match=r"^gone$"), noting_proxy(PROXY, lambda: False):
        raise OSError("gone")

    assert way_of(TimeoutError()) == ""


async def test_a_request_that_is_cancelled_stays_cancelled() -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_waiting(PROXY, connected=False), name="request")
        await asyncio.sleep(1.0)
        task.cancel()

    assert task.cancelled()


def test_a_deadline_is_told_with_its_length() -> None:
    assert missed("h did not answer /x", 2.5, TimeoutError()) == "h did not answer /x within 2.5 s"
