"""Parts of a cloud that are loaded when they are first used, in a thread: meanwhile the daemon listens.

The library for the network takes a third of the daemon's start, and its microphone needs none of it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Generic, NoReturn, TypeVar

from ravatard.ports.media import Fetch, Fetched
from ravatard.ports.network import HttpReply, Network, ReplyStream, Socket
from ravatard.ports.voice import VoicePlayer, VoiceSink
from ravatard.secret import Secret

T = TypeVar("T")

#: Seconds that the loop waits for the interpreter when it wakes up beside a thread that imports. By Python's
#: own interval, ten times that, the daemon would be ready 20 to 40 ms later.
_SWITCH_S = 0.0005


def in_thread(make: Callable[[], T]) -> asyncio.Future[T]:
    """Call ``make`` in a thread of its own, which ends with it: those of the loop's pool stay for ever."""

    def made() -> T:
        before = sys.getswitchinterval()
        sys.setswitchinterval(min(before, _SWITCH_S))
        try:
            return make()
        finally:
            sys.setswitchinterval(before)

    pool = ThreadPoolExecutor(1, thread_name_prefix="loading")
    making = asyncio.get_running_loop().run_in_executor(pool, made)
    pool.shutdown(wait=False)
    return making


class Deferred(Generic[T]):
    """A value that is made when it is first asked for."""

    def __init__(
        self,
        make: Callable[[], T],
        begin: Callable[[Callable[[], T]], asyncio.Future[T]] = in_thread,
    ) -> None:
        """Make nothing yet.

        Args:
            make: imports what it needs and returns the value.
            begin: calls it, aside from the loop.
        """
        self._make = make
        self._begin = begin
        self._making: asyncio.Future[T] | None = None

    async def get(self) -> T:
        """Return the value. Cancelling leaves the making to its end, for the next caller.

        Raises:
            Exception: ``make`` raised it; so does every later call.
        """
        if self._making is None:
            self._making = self._begin(self._make)
        return await asyncio.shield(self._making)

    @property
    def made(self) -> T | None:
        """The value, if it was made already."""
        making = self._making
        if making is None or not making.done() or making.cancelled() or making.exception() is not None:
            return None
        return making.result()


class DeferredNetwork:
    """Network that is loaded with the first request; a :class:`ravatard.ports.network.Network`."""

    def __init__(self, network: Deferred[Network]) -> None:
        self._network = network

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpReply:
        """See :meth:`ravatard.ports.network.Network.request`."""
        network = await self._network.get()
        return await network.request(method, url, headers=headers, body=body)

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[ReplyStream]:
        """See :meth:`ravatard.ports.network.Network.stream`."""
        network = await self._network.get()
        async with network.stream(method, url, headers=headers, body=body) as reply:
            yield reply

    @asynccontextmanager
    async def socket(self, url: str, *, headers: Mapping[str, str]) -> AsyncIterator[Socket]:
        """See :meth:`ravatard.ports.network.Network.socket`."""
        network = await self._network.get()
        async with network.socket(url, headers=headers) as socket:
            yield socket

    async def close(self) -> None:
        """Close every connection. Idempotent; a network that is still being loaded has none."""
        if (network := self._network.made) is not None:
            await network.close()


class DeferredFetch:
    """Downloader that is loaded with the first file; a :class:`ravatard.ports.media.Fetch`."""

    def __init__(self, fetch: Deferred[Fetch]) -> None:
        self._fetch = fetch

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Fetched]:
        """See :meth:`ravatard.ports.media.Fetch.open`."""
        fetch = await self._fetch.get()
        async with fetch.open(url) as download:
            yield download


class DeferredVoicePlayer:
    """Player that is loaded with the first live session; a :class:`ravatard.ports.voice.VoicePlayer`."""

    def __init__(self, player: Deferred[VoicePlayer]) -> None:
        self._player = player

    async def play(self, url: Secret, token: Secret, sink: VoiceSink) -> NoReturn:
        """See :meth:`ravatard.ports.voice.VoicePlayer.play`."""
        player = await self._player.get()
        await player.play(url, token, sink)
