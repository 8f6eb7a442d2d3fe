"""A sound process that says what a test makes it say, for everything that supervises one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from ravatard.devices.process.call_mark import Call
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
        signal: what ended it by itself.
        in_call: it is inside a call of a library that it marked.
        marked: that call, or the one that ended it.
        heard_at: when it last said anything that was received.
        received: how often a task got something of it.
    """

    def __init__(self, environment: Mapping[str, str], first: R) -> None:
        self.environment = environment
        self.sent = [first]
        self.born_at = asyncio.get_running_loop().time()
        self.printed = ""
        self.insides = ""
        self.kills = 0
        self.clings = False
        self.starved = False
        self.signal = ""
        self.in_call = False
        self.marked: Call | None = None
        self.heard_at = self.born_at
        self.received = 0
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

    async def receive(self, limit_s: float | None, absorbs: Callable[[R], bool] | None = None) -> list[R]:
        loop = asyncio.get_running_loop()
        if not self._said.empty():
            # It was said before anybody waited for it.
            absorbs = None
        async with asyncio.timeout(limit_s) as limit:
            while True:
                said = await self._said.get()
                self.heard_at = loop.time()
                if isinstance(said, Exception):
                    raise said
                rest = said
                while absorbs is not None and rest and absorbs(rest[0]):
                    rest = rest[1:]
                if rest or not said:
                    self.received += 1
                    return rest
                if limit_s is not None:
                    limit.reschedule(loop.time() + limit_s)

    def stderr_tail(self) -> str:
        return self.printed

    def library_tail(self) -> str:
        return self.insides

    def is_starved(self) -> bool:
        return self.starved

    def is_in_call(self) -> bool:
        return self.in_call

    def call(self) -> Call | None:
        return self.marked

    def crash(self) -> str:
        return self.signal

    def kill(self) -> None:
        self.kills += 1
        self.ends()

    async def reaped(self, limit_s: float) -> bool:
        assert self.kills
        if self.clings:
            await asyncio.sleep(limit_s)
        return not self.clings
