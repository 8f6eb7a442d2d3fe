"""A sound process that says what a test makes it say, for everything that supervises one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Generic, TypeVar

from ravatard.errors import DeviceError

R = TypeVar("R")


class FakeChild(Generic[R]):
    """A child without a process.

    Attributes:
        environment: what it was started with.
        sent: all records it was sent, its first one included.
        born_at: when it was started, seconds of the loop's clock.
        printed: what its libraries printed.
        kills: how often it was killed.
        clings: the kernel does not let go of it.
        starved: the machine keeps it from running.
    """

    def __init__(self, environment: Mapping[str, str], first: R) -> None:
        self.environment = environment
        self.sent = [first]
        self.born_at = asyncio.get_running_loop().time()
        self.printed = ""
        self.kills = 0
        self.clings = False
        self.starved = False
        self._said: asyncio.Queue[list[R] | Exception] = asyncio.Queue()

    # ------------------------------------------------------------------ what a test does

    def says(self, *records: R) -> None:
        """Say this; nothing at all is the end of a process."""
        self._said.put_nowait(list(records))

    def ends(self) -> None:
        """End by itself."""
        self.says()

    def babbles(self) -> None:
        """Say what makes no sense."""
        self._said.put_nowait(DeviceError("the sound process sent nonsense"))

    # ------------------------------------------------------------------ what a child does

    def send(self, record: R) -> None:
        self.sent.append(record)

    async def receive(self, limit_s: float | None) -> list[R]:
        async with asyncio.timeout(limit_s):
            said = await self._said.get()
        if isinstance(said, Exception):
            raise said
        return said

    def stderr_tail(self) -> str:
        return self.printed

    def is_starved(self) -> bool:
        return self.starved

    def kill(self) -> None:
        self.kills += 1
        self.ends()

    async def reaped(self, limit_s: float) -> bool:
        assert self.kills
        if self.clings:
            await asyncio.sleep(limit_s)
        return not self.clings
