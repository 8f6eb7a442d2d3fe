"""Every error status, with each kind of body, at every call: tried again in time, and never deaf after it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from ravatard.core.options.conversation import SessionOptions
from ravatard.errors import RavatardError
from ravatard.ports.network import HttpReply
from ravatard.sim.exchange import Reply, Request, Service, ServiceSocket
from tests.assertions import assert_raises_only
from tests.scenario.world import Wishes, World, appliance
from tests.unit.cloud.ravatar.test_hostile_service import Hostile, cloud

BODIES = {
    "HTML": b"<html><title>Just a moment...</title></html>",
    "JSON": b'{"error": "simulated fault"}',
    "nothing": b"",
}
#: Those that servers, proxies and CDNs send.
STATUSES = (400, 401, 402, 403, 404, 407, 408, 410, 418, 421, 429, 451, 500, 502, 503, 504, 520, 599)
#: A session that is not found, in JSON or without words, has ended.
EXPECTED = {
    ("/endLiveSession", "JSON", 404),
    ("/endLiveSession", "JSON", 410),
    ("/endLiveSession", "nothing", 410),
}
CALLS = ("/jwt", "/connection", "/startLiveSession", "/endLiveSession", "/ws/chat")
#: The user's words are worth an attempt every 20 s.
TRIED_S = 30.0
HEARD_S = 60.0


class Spoiled:
    """A ``Service``: the simulated one, with one call that is answered in another way.

    Attributes:
        reply: the answer to that call; None: the service's own.
        asked: number of times that it was answered so.
        renewing: the next ``/connection`` refuses the token.
    """

    def __init__(self, service: Service, call: str) -> None:
        self._service = service
        self._call = call
        self.reply: Reply | None = None
        self.asked = 0
        self.renewing = False

    def handle(self, request: Request, now: float) -> Reply:
        if self.renewing and request.path == "/connection":
            self.renewing = False
            return Reply(403, {}, b'{"status": 403, "error": "Token is invalid"}')
        return self._spoiled(request) or self._service.handle(request, now)

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> ServiceSocket | Reply:
        return self._spoiled(request) or self._service.connect(request, now, wake)

    def _spoiled(self, request: Request) -> Reply | None:
        if self.reply is None or request.path != self._call:
            return None
        self.asked += 1
        return self.reply


async def _speaks_until(world: World, what: Callable[[], object], within_s: float) -> None:
    """Speak now and then until something is so."""
    loop = asyncio.get_running_loop()
    limit_at = loop.time() + within_s
    while not what():
        assert loop.time() < limit_at, f"not within {within_s:g} s"
        await world.speaks(1.0)
        await world.passes(4.0)


async def _is_answered(world: World) -> None:
    answers = len(world.diary.answers)
    await _speaks_until(world, lambda: len(world.diary.answers) > answers, HEARD_S)


@pytest.mark.hours
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("call", CALLS)
async def test_no_status_makes_it_deaf_or_leaves_a_session_open(call: str, body: str) -> None:
    tried: Counter[int] = Counter()
    async with appliance(Wishes(session=SessionOptions(idle_s=5.0))) as world:
        spoiled = Spoiled(world.sim, call)
        world.network._service = spoiled
        for status in STATUSES:
            if (call, body, status) in EXPECTED:
                continue
            await _is_answered(world)
            if call != "/endLiveSession":
                await world.until(lambda: not world.record.open_licences())
            spoiled.reply, spoiled.asked = Reply(status, {}, BODIES[body]), 0
            spoiled.renewing = call == "/jwt"
            if call not in ("/startLiveSession", "/endLiveSession"):
                world.network.drop_sockets()
            if call == "/endLiveSession":
                await world.until(lambda: spoiled.asked > 0, within_s=TRIED_S)
            else:
                await _speaks_until(world, lambda: spoiled.asked, TRIED_S)
            tried[status] = spoiled.asked
            spoiled.reply = None
        await _is_answered(world)
        await world.until(lambda: not world.record.open_licences())

        assert len(tried) >= len(STATUSES) - len(EXPECTED)
    assert not world.record.open_licences()


@pytest.mark.parametrize("body", BODIES)
async def test_no_status_of_the_history_is_more_than_our_error(body: str) -> None:
    for status in range(100, 600):
        client = cloud(Hostile(chat=[HttpReply(status, BODIES[body])] * 2))
        async with client.opened():
            with assert_raises_only(RavatardError):
                assert await anext(client.history(), None) is None
