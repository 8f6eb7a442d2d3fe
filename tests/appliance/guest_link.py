"""The line to the agent in the virtual machine (guest/agent.py): one JSON object a line, many at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

#: For an answer beyond what the command itself may take: an emulated processor is slow to start a shell.
_GRACE_S = 30.0
_LONGEST_LINE_BYTES = 64 << 20


class GuestError(Exception):
    """The virtual machine did not answer, or a command failed; says which and what it said."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one command.

    Attributes:
        status: its exit status; 124 when it did not end in time.
        output: both its streams.
    """

    status: int
    output: str


class GuestLink:
    """Commands out, results in; :meth:`run` it in a task for as long as the machine is on.

    Attributes:
        boot: the kernel's id of the boot whose agent spoke last; None before the first.
    """

    def __init__(self) -> None:
        self.boot: str | None = None
        self._spoke = asyncio.Condition()
        self._waiting: dict[int, asyncio.Future[Result]] = {}
        self._numbers = count(1)
        self._writer: asyncio.StreamWriter | None = None

    async def run(self, address: Path) -> None:
        """Connect, and read until the machine is gone. Cancellation closes the line."""
        reader, writer = await asyncio.open_unix_connection(address, limit=_LONGEST_LINE_BYTES)
        self._writer = writer
        try:
            # QEMU is killed: that is how its power is cut.
            with suppress(ConnectionError):
                while line := await reader.readline():
                    await self._heard(line)
        finally:
            self._writer = None
            writer.close()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(GuestError("the virtual machine is gone"))
            self._waiting.clear()

    async def booted(self, known: str | None, within_s: float) -> None:
        """Wait for an agent of another boot than ``known``.

        Raises:
            GuestError: none came in time.
        """
        try:
            async with asyncio.timeout(within_s), self._spoke:
                await self._spoke.wait_for(lambda: self.boot not in (None, known))
        except TimeoutError:
            raise GuestError(f"the virtual machine was not up within {within_s:g} s") from None

    async def ask(self, command: str, within_s: float) -> Result:
        """Run ``command`` with the guest's bash.

        Raises:
            GuestError: no answer, not even that it did not end within ``within_s`` (guest's seconds).
        """
        if self._writer is None:
            raise GuestError("the virtual machine is off")
        number = next(self._numbers)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        request = {"id": number, "command": command, "within_s": within_s}
        self._writer.write(json.dumps(request).encode() + b"\n")
        try:
            async with asyncio.timeout(within_s + _GRACE_S):
                return await future
        except TimeoutError:
            raise GuestError(f"no answer from the virtual machine to: {command}") from None
        finally:
            self._waiting.pop(number, None)

    async def _heard(self, line: bytes) -> None:
        with suppress(ValueError):
            said: Any = json.loads(line)
            if boot := said.get("boot"):
                async with self._spoke:
                    self.boot = boot
                    self._spoke.notify_all()
            elif (future := self._waiting.get(said.get("id"))) is not None and not future.done():
                future.set_result(Result(said["status"], said["output"]))


async def until(look: Callable[[], Any], what: str, within_s: float, every_s: float = 0.3) -> Any:
    """Ask again and again until the answer is true; returns it.

    Raises:
        GuestError: it was not within ``within_s``.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while True:
        if answer := await look():
            return answer
        if loop.time() > end:
            raise GuestError(f"not within {within_s:g} s: {what}")
        await asyncio.sleep(every_s)
