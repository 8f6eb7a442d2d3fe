"""What the daemon loads aside from its loop, with real threads."""

from __future__ import annotations

import sys
import threading

import pytest

from ravatard.cloud.network.deferred import in_thread
from tests.integration.program import until

pytestmark = pytest.mark.integration


async def test_it_is_made_in_a_thread_that_ends_and_the_loop_is_asked_often_meanwhile() -> None:
    before = sys.getswitchinterval()

    def made() -> tuple[str, float]:
        return threading.current_thread().name, sys.getswitchinterval()

    name, meanwhile = await in_thread(made)

    assert name != threading.current_thread().name
    assert meanwhile < before
    assert sys.getswitchinterval() == before
    await until(lambda: all(one.name != name for one in threading.enumerate()), "the end of the thread")


async def test_what_fails_there_fails_here() -> None:
    def broken() -> None:
        raise ImportError("aiohttp is broken")

    with pytest.raises(ImportError, match="aiohttp is broken"):
        await in_thread(broken)
