"""Calls of an AvaTar API: repeated where that is safe, within the limits, and refused in a sentence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from ravatard.cloud.avatar import requests
from ravatard.cloud.avatar.address import ServiceAccess
from ravatard.cloud.avatar.live.call_limits import CallLimits
from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.avatar.live.health import HealthWatch
from ravatard.cloud.avatar.refusals import CallMissing, SessionVanished
from ravatard.cloud.avatar.sessions.doubts import EndInDoubt
from ravatard.cloud.options import DeadlineOptions
from ravatard.errors import BusyError, DeniedError, LinkError, LinkTimeout, PeerError
from ravatard.ports.network import BrokenReply, HttpReply, ReplyStream, Socket
from ravatard.secret import Secret
from ravatard.sim.exchange import Reply
from ravatard.sim.network import MemoryReply

URL = "http://127.0.0.1:8000"
SESSION = Secret("s-1")


class ScriptedNetwork:
    """Implements ``Network``: each call takes the next of ``replies``, the last one for ever.

    Attributes:
        asked: (time, method, path, Authorization) of each request.
    """

    def __init__(self, *replies: HttpReply | OSError | None) -> None:
        self._replies = list(replies)
        self.asked: list[tuple[float, str, str, str]] = []

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpReply:
        """See ``Network.request``; None never answers."""
        at = asyncio.get_running_loop().time()
        self.asked.append((at, method, url.removeprefix(URL), headers.get("Authorization", "")))
        reply = self._replies[0] if len(self._replies) == 1 else self._replies.pop(0)
        if reply is None:
            await asyncio.Event().wait()
        if isinstance(reply, OSError):
            raise reply
        assert reply is not None
        return reply

    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AbstractAsyncContextManager[ReplyStream]:
        """Give the reply of :meth:`request` while it comes: here it comes whole."""
        return self._stream(method, url, headers, body)

    @asynccontextmanager
    async def _stream(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> AsyncIterator[ReplyStream]:
        reply = await self.request(method, url, headers=headers, body=body)
        again = {} if reply.retry_after is None else {"retry-after": reply.retry_after}
        yield MemoryReply(Reply(reply.status, again, reply.body))

    def socket(self, url: str, *, headers: Mapping[str, str]) -> AbstractAsyncContextManager[Socket]:
        """No socket is opened."""
        raise AssertionError(f"{url} was to be opened")

    async def close(self) -> None:
        """Nothing is open."""


def reply(status: int, body: object = None, retry_after: str | None = None) -> HttpReply:
    return HttpReply(status, b"" if body is None else json.dumps(body).encode(), retry_after)


def calls(network: ScriptedNetwork, key: str | None = None) -> ServiceCalls:
    access = ServiceAccess(URL, Secret(key) if key else None)
    return ServiceCalls(access, DeadlineOptions(), network, lambda: 0.5)


HEALTHY = reply(200, {"status": "healthy", "version": "1.0.0", "services": {"gpu": "available"}})
LIST: dict[str, object] = {"sessions": [], "total": 0}


async def test_a_question_is_asked_again_twice_when_the_server_fails() -> None:
    network = ScriptedNetwork(reply(500), reply(502), HEALTHY)

    health = await calls(network).health()

    assert health.well
    assert [at - network.asked[0][0] for at, *_ in network.asked] == pytest.approx([0.0, 0.5, 2.0])


async def test_a_server_that_goes_on_failing_is_an_outage() -> None:
    network = ScriptedNetwork(reply(500))

    with pytest.raises(LinkError):
        await calls(network).sessions()
    assert len(network.asked) == 3


async def test_a_service_without_health_is_asked_for_its_sessions() -> None:
    network = ScriptedNetwork(reply(404), reply(200, LIST))

    assert (await calls(network).health()).well
    assert [path for _, _, path, _ in network.asked] == ["/health", "/v1/streaming.sessions"]


async def test_a_service_whose_health_hangs_is_asked_for_its_sessions() -> None:
    network = ScriptedNetwork(None, reply(200, LIST))

    health = await calls(network).health()

    assert health.unwell == (("the call health", "not answered"),)
    assert [path for _, _, path, _ in network.asked] == ["/health", "/v1/streaming.sessions"]


@pytest.mark.parametrize("body", ["<html>", "[]", "null"])
async def test_a_page_in_the_place_of_the_api_is_told(body: str) -> None:
    network = ScriptedNetwork(HttpReply(200, body.encode()))

    with pytest.raises(PeerError, match=r"service\.base_url"):
        await calls(network).health()


async def test_a_session_that_the_service_does_not_know_has_ended() -> None:
    network = ScriptedNetwork(reply(404, {"error": {"code": "SESSION_NOT_FOUND", "message": "gone"}}))

    assert await calls(network).stop(SESSION) is None


@pytest.mark.parametrize(
    "answer",
    [
        HttpReply(200, b"<html>hi</html>"),
        HttpReply(404, b"<html>hi</html>"),
        reply(404, {"detail": "Not Found"}),
        reply(409, {"error": {"code": "SESSION_BUSY"}}),
        reply(202, {"status": "queued"}),
        reply(204),
        reply(500),
    ],
)
async def test_a_stop_that_did_not_reach_the_service_ends_nothing_unless_its_list_says_so(
    answer: HttpReply,
) -> None:
    missing = ScriptedNetwork(answer, reply(404, {"detail": "Not Found"}))
    still = ScriptedNetwork(answer, reply(200, {"sessions": [{"session_id": "s-1"}], "total": 1}))
    absent = ScriptedNetwork(answer, reply(200, LIST))

    for network in (missing, still):
        with pytest.raises((LinkError, PeerError)) as caught:
            await calls(network).stop(SESSION)
        assert not isinstance(caught.value, SessionVanished)
    assert await calls(absent).stop(SESSION) is None
    assert [path for _, _, path, _ in absent.asked] == ["/v1/streaming.stop", "/v1/streaming.sessions"]


async def test_a_list_of_another_form_that_does_not_name_the_session_leaves_it_in_doubt() -> None:
    network = ScriptedNetwork(reply(202, {"status": "queued"}), reply(200, {"items": []}))

    with pytest.raises(EndInDoubt):
        await calls(network).stop(SESSION)


async def test_a_session_that_is_starting_is_not_given_up_for_not_being_listed() -> None:
    network = ScriptedNetwork(reply(409, {"error": {"code": "SESSION_STARTING"}}), reply(200, LIST))

    with pytest.raises(LinkError):
        await calls(network).stop(SESSION)


async def test_an_id_with_blanks_is_stopped_as_it_came_and_then_without_them() -> None:
    gone = reply(404, {"error": {"code": "SESSION_NOT_FOUND"}})
    network = ScriptedNetwork(gone, reply(200, {"status": "stopped", "duration": 3}))
    first = ScriptedNetwork(reply(200, {"status": "stopped", "duration": 4}))

    assert await calls(network).stop(Secret(" s-1\n")) == 3.0
    assert await calls(first).stop(Secret(" s-1\n")) == 4.0
    assert (len(network.asked), len(first.asked)) == (2, 1)


async def test_what_is_said_in_a_session_that_is_gone_is_told_as_that() -> None:
    network = ScriptedNetwork(reply(404, {"detail": "no such session"}))

    with pytest.raises(SessionVanished):
        await calls(network).call(requests.SPEAK, b"{}")


async def test_no_answer_is_waited_for_for_ever() -> None:
    network = ScriptedNetwork(None)

    with pytest.raises(LinkTimeout, match=r"did not answer health within 10 s"):
        await calls(network).health()


async def test_a_session_may_be_asked_for_once_only_when_the_server_fails() -> None:
    network = ScriptedNetwork(reply(500))

    with pytest.raises(LinkError):
        await calls(network).call(requests.NEW, b"{}")
    assert len(network.asked) == 1


async def test_a_short_retry_after_is_waited_for_and_a_long_one_is_told() -> None:
    short = ScriptedNetwork(reply(429, None, "3"), reply(200, {"task_id": "t"}))
    long = ScriptedNetwork(reply(429, {"detail": "slow down"}, "40"))

    await calls(short).call(requests.SPEAK, b"{}")
    with pytest.raises(BusyError) as busy:
        await calls(long).call(requests.SPEAK, b"{}")

    assert short.asked[1][0] - short.asked[0][0] == pytest.approx(3.15, abs=0.02)
    assert busy.value.retry_after_s == 40.0


async def test_after_a_long_refusal_nothing_is_asked_until_it_is_over() -> None:
    network = ScriptedNetwork(reply(429, None, "40"), reply(200, {"task_id": "t"}))
    service = calls(network)
    with pytest.raises(BusyError):
        await service.call(requests.SPEAK, b"{}")

    with pytest.raises(BusyError, match="allowed again in"):
        await service.call(requests.SPEAK, b"{}")
    await asyncio.sleep(43.0)
    await service.call(requests.SPEAK, b"{}")

    assert len(network.asked) == 2


async def test_stopping_is_never_held_up() -> None:
    network = ScriptedNetwork(reply(429, None, "40"))

    for _ in range(2):
        with pytest.raises(BusyError):
            await calls(network).stop(SESSION)
    assert [path for _, _, path, _ in network.asked].count("/v1/streaming.stop") == 2


async def test_our_own_limit_is_kept() -> None:
    network = ScriptedNetwork(reply(200, {"task_id": "t"}))
    service = calls(network)

    for _ in range(24):
        await service.call(requests.SPEAK, b"{}")
    with pytest.raises(BusyError):
        await service.call(requests.SPEAK, b"{}")

    assert len(network.asked) == 24


async def test_pauses_double_when_the_service_names_none() -> None:
    limits = CallLimits(lambda: 0.0)
    network = ScriptedNetwork(reply(429))

    with pytest.raises(BusyError):
        await calls(network).call(requests.NEW, b"{}")
    await limits.slot(requests.NEW)

    # 9 s are longer than a turn waits.
    assert len(network.asked) == 1


async def test_without_a_key_the_token_of_the_session_is_tried_once() -> None:
    network = ScriptedNetwork(reply(401), reply(200, {"task_id": "t"}))

    await calls(network).call(requests.SPEAK, b"{}", token=Secret("token"))

    assert [bearer for *_, bearer in network.asked] == ["", "Bearer token"]


async def test_a_key_is_sent_and_no_token_takes_its_place() -> None:
    network = ScriptedNetwork(reply(401))

    with pytest.raises(DeniedError, match=r"check service\.api_key"):
        await calls(network, "key").call(requests.SPEAK, b"{}", token=Secret("token"))
    assert [bearer for *_, bearer in network.asked] == ["Bearer key"]


async def test_a_redirect_is_not_followed() -> None:
    network = ScriptedNetwork(reply(307))

    with pytest.raises(PeerError):
        await calls(network, "key").sessions()
    assert len(network.asked) == 1


def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(DeniedError, match=r"service\.base_url"):
        ServiceCalls(ServiceAccess("http://"), DeadlineOptions(), ScriptedNetwork(HEALTHY), lambda: 0.5)


async def test_a_missing_call_is_told_apart_from_a_gone_session() -> None:
    with pytest.raises(CallMissing):
        await calls(ScriptedNetwork(reply(404))).metrics()


async def test_two_failures_in_a_row_are_an_outage_and_one_is_none() -> None:
    network = ScriptedNetwork(HEALTHY, OSError("away"), HEALTHY, OSError("away"), OSError("away"))
    watch = HealthWatch(calls(network), lambda: 0.5)
    loop = asyncio.get_running_loop()
    began = loop.time()

    with pytest.raises(LinkError):
        await watch.watch(lambda: False)

    # Once a minute; 5 s after a failure.
    assert loop.time() - began == pytest.approx(60 + 60 + 5 + 60 + 5)


async def test_while_a_session_is_held_its_socket_tells_more() -> None:
    network = ScriptedNetwork(HEALTHY)
    watch = HealthWatch(calls(network), lambda: 0.5)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(600.0):
            await watch.watch(lambda: True)
    assert network.asked == []


async def test_a_failure_is_none_while_a_session_is_held_that_began_meanwhile() -> None:
    network = ScriptedNetwork(OSError("away"))
    watch = HealthWatch(calls(network), lambda: 0.5)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(600.0):
            # Not held when it is asked, and held when that fails.
            await watch.watch(lambda: bool(network.asked))
    assert len(network.asked) == 1


async def test_parts_that_are_not_well_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    network = ScriptedNetwork(
        reply(200, {"status": "degraded", "services": {"gpu": "burning", "redis": "healthy"}})
    )
    watch = HealthWatch(calls(network), lambda: 0.5)

    for _ in range(3):
        await watch.check()

    assert caplog.messages == ["the service says that not all of it is well: it is degraded, gpu is burning"]


class Watch:
    """Implements ``CallWatch``."""

    def __init__(self) -> None:
        self.seen: list[tuple[int | None, bytes]] = []
        self.requests = 0

    def before(self) -> None:
        """See ``CallWatch.before``."""
        self.requests += 1

    def header(self, name: str, value: str) -> None:
        """See ``CallWatch.header``."""

    def says_enough(self, body: bytes) -> bool:
        """See ``CallWatch.says_enough``."""
        return bool(body)

    def answered(self, status: int | None, body: bytes) -> None:
        """See ``CallWatch.answered``."""
        self.seen.append((status, body))


async def test_every_answer_to_a_start_is_seen_also_refusals_and_what_came_of_a_broken_one() -> None:
    again = reply(429, {"session_id": "a"}, "1")
    broken = BrokenReply("the reply broke off", b'{"session_id": "b"')
    watch = Watch()

    with pytest.raises(LinkError):
        await calls(ScriptedNetwork(again, broken)).call(requests.NEW, b"{}", watch=watch)

    assert watch.requests == 2
    assert watch.seen == [(429, b'{"session_id": "a"}'), (None, b'{"session_id": "b"')]
