"""A real child process: what is absorbed where its pipe is read, and what a task gets."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ravatard.core.events import Listened, MicrophoneEnded, MicrophoneReady
from ravatard.devices.microphone.protocol import PROTOCOL, Record, encode
from ravatard.devices.process.child import PipedChild

pytestmark = pytest.mark.integration

BEAT = Listened(8_000, -60.0, -62.0)
#: Says what it is told to say: it is a cat.
_ECHO = "import os\nwhile data := os.read(0, 65536): os.write(1, data)"


class EchoChild(PipedChild[Record]):
    """Sends back what it is sent."""

    def says(self, *records: Record) -> None:
        self.says_bytes(b"".join(map(encode, records)))

    def says_bytes(self, data: bytes) -> None:
        os.write(self._stdin, data)


@asynccontextmanager
async def echo() -> AsyncIterator[EchoChild]:
    child = EchoChild(dict(os.environ), [sys.executable, "-I", "-S", "-c", _ECHO], PROTOCOL)
    try:
        child.says(MicrophoneReady("an echo"))
        assert await child.receive(10) == [MicrophoneReady("an echo")]
        yield child
    finally:
        child.kill()
        await child.reaped(5)


def is_beat(record: Record) -> bool:
    return isinstance(record, Listened)


async def test_what_is_absorbed_wakes_no_task_and_makes_the_limit_count_anew() -> None:
    loop = asyncio.get_running_loop()
    async with echo() as child:
        for number in range(1, 5):
            loop.call_later(0.3 * number, child.says, BEAT, BEAT)
        begun = loop.time()

        with pytest.raises(TimeoutError):
            await child.receive(0.6, is_beat)

        assert loop.time() - child.heard_at == pytest.approx(0.6, abs=0.15)
        assert loop.time() - begun > 1.7


async def test_what_comes_behind_a_record_that_is_received_is_received_in_its_order() -> None:
    async with echo() as child:
        asyncio.get_running_loop().call_later(0.05, child.says, BEAT, MicrophoneEnded(), BEAT)

        assert await child.receive(5, is_beat) == [MicrophoneEnded(), BEAT]


async def test_half_a_record_is_no_end() -> None:
    async with echo() as child:
        loop, whole = asyncio.get_running_loop(), encode(MicrophoneReady("a card"))
        loop.call_later(0.05, child.says_bytes, whole[:7])
        loop.call_later(0.3, child.says_bytes, whole[7:])

        assert await child.receive(5) == [MicrophoneReady("a card")]


async def test_nothing_is_absorbed_while_nothing_waits() -> None:
    async with echo() as child:
        child.says(BEAT)
        await asyncio.sleep(0.3)

        assert await child.receive(5, is_beat) == [BEAT]


async def test_a_wait_that_was_cancelled_absorbs_no_more() -> None:
    async with echo() as child:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await child.receive(5, is_beat)
        child.says(BEAT)
        await asyncio.sleep(0.3)

        assert await child.receive(5) == [BEAT]


async def test_the_end_of_a_child_is_told_after_what_was_absorbed() -> None:
    async with echo() as child:
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, child.says, BEAT)
        loop.call_later(0.2, os.kill, child.pid, signal.SIGKILL)

        assert await child.receive(5, is_beat) == []
