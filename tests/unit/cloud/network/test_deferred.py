"""Parts that are loaded with their first use: once, aside from the loop, and with the same results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import pytest

from ravatard.cloud.network.deferred import Deferred, DeferredFetch, DeferredNetwork, DeferredVoicePlayer
from ravatard.errors import LinkError
from ravatard.ports.network import HttpReply
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret
from tests.unit.cloud.ravatar.fakes import HeardSink


class Aside:
    """Makes a value when the test says so.

    Attributes:
        begun: how often it was asked to.
    """

    def __init__(self) -> None:
        self.begun = 0

    def __call__(self, make: Callable[[], object]) -> asyncio.Future[object]:
        self.begun += 1
        self._future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._make = make
        return self._future

    def ends(self) -> None:
        try:
            self._future.set_result(self._make())
        except ImportError as error:
            self._future.set_exception(error)


def at_once(value: object) -> Any:
    """A deferred value that is there with the first turn of the loop."""

    def begin(make: Callable[[], object]) -> asyncio.Future[object]:
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        future.set_result(make())
        return future

    return Deferred(lambda: value, begin)


class Network:
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.closed = 0

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpReply:
        return HttpReply(200, f"{method} {url} {dict(headers)} {body!r}".encode(), None, "")

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[str]:
        yield f"stream {method} {url} {dict(headers)} {body!r}"

    @asynccontextmanager
    async def socket(self, url: str, *, headers: Mapping[str, str]) -> AsyncIterator[str]:
        yield f"socket {url} {dict(headers)}"

    async def close(self) -> None:
        self.closed += 1


class Fetch:
    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[str]:
        yield f"file {url}"


class Player:
    async def play(self, url: Secret, token: Secret, sink: VoiceSink) -> NoReturn:
        raise LinkError(f"played {url.reveal()} with {token.reveal()}")


async def test_it_is_made_with_the_first_use_and_once() -> None:
    aside = Aside()
    deferred = Deferred(lambda: "value", aside)
    assert aside.begun == 0

    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(deferred.get()) for _ in range(2)]
        await asyncio.sleep(1)
        aside.ends()

    assert [caller.result() for caller in callers] == ["value", "value"]
    assert await deferred.get() == "value"
    assert deferred.made == "value"
    assert aside.begun == 1


async def test_a_caller_that_gives_up_leaves_the_making_to_the_next() -> None:
    aside = Aside()
    deferred = Deferred(lambda: "value", aside)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await deferred.get()

    aside.ends()

    assert await deferred.get() == "value"
    assert aside.begun == 1


async def test_what_cannot_be_made_is_an_error_for_every_caller() -> None:
    def broken() -> object:
        raise ImportError("aiohttp is broken")

    aside = Aside()
    deferred = Deferred(broken, aside)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(asyncio.wait([asyncio.ensure_future(deferred.get())]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        aside.ends()
    (done,), _ = first.result()

    assert isinstance(done.exception(), ImportError)
    with pytest.raises(ImportError, match="aiohttp is broken"):
        await deferred.get()
    assert deferred.made is None


async def test_the_network_passes_everything_on() -> None:
    real = Network()
    network = DeferredNetwork(at_once(real))
    await network.close()
    assert real.closed == 0

    reply = await network.request("GET", "http://a.example", headers={"A": "1"}, body=b"b")
    async with network.stream("PUT", "http://b.example", headers={}, body=None) as stream:
        assert str(stream) == "stream PUT http://b.example {} None"
    async with network.socket("ws://c.example", headers={"C": "3"}) as socket:
        assert str(socket) == "socket ws://c.example {'C': '3'}"
    await network.close()

    assert reply.body == b"GET http://a.example {'A': '1'} b'b'"
    assert real.closed == 1


async def test_the_downloader_and_the_player_pass_everything_on() -> None:
    fetch = DeferredFetch(at_once(Fetch()))
    player = DeferredVoicePlayer(at_once(Player()))

    async with fetch.open("http://a.example/x.wav") as file:
        assert str(file) == "file http://a.example/x.wav"
    with pytest.raises(LinkError, match=r"played http://s\.example with t0k3n"):
        await player.play(Secret("http://s.example"), Secret("t0k3n"), HeardSink())
