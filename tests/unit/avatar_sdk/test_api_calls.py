from __future__ import annotations

import asyncio

import pytest

from ravatard.avatar_sdk import (
    AuthError,
    RateLimited,
    Unavailable,
)
from ravatard.avatar_sdk.api_calls import ApiCalls, limits_of
from ravatard.secret import Secret
from tests.unit.avatar_sdk.fakes import FakeReply, FakeService


async def test_calls_keep_within_the_limits_and_say_so_when_that_takes_long() -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        for _ in range(24):
            await session.speak("a")

        with pytest.raises(RateLimited) as caught:
            await session.speak("a")

    assert caught.value.retry_after_s == 60.0


@pytest.mark.parametrize("closed", [True, False])
async def test_clients_one_after_the_other_or_beside_each_other_keep_the_limits_together(
    closed: bool,
) -> None:
    service = FakeService()
    clients = [service.client() for _ in range(9)]
    for client in clients[:8]:
        await client.create_session()
        if closed:
            await client.close()

    with pytest.raises(RateLimited):
        await clients[8].create_session()

    for client in clients:
        await client.close()
    assert service.called.count("streaming.new") == 8


def test_another_api_has_limits_of_its_own_and_few_are_kept() -> None:
    first = limits_of("http://a/v1")

    assert limits_of("http://b/v1") is not first
    assert limits_of("http://a/v1") is first
    for number in range(100):
        limits_of(f"http://{number}/v1")
    assert limits_of("http://a/v1") is not first


async def test_a_short_wait_for_a_slot_is_waited() -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        for _ in range(24):
            await session.speak("a")
        await asyncio.sleep(56.0)

        await session.speak("a")

        assert asyncio.get_running_loop().time() == 60.0


def calls(service: FakeService, key: Secret | None = None) -> ApiCalls:
    return ApiCalls("http://box/v1", "http://box", key, 30.0, lambda: service)


async def test_a_get_has_no_body_and_every_reply_is_closed() -> None:
    service = FakeService()
    reply = FakeReply(200, (b"{}",))
    service.will_answer("streaming.sessions", reply)

    assert await calls(service).call("streaming.sessions") == b"{}"
    assert service.calls == [(0.0, "streaming.sessions", None)]
    assert reply.closed


async def test_a_refused_stream_is_an_error_and_closed() -> None:
    service = FakeService()
    reply = FakeReply(503, (b"<html>",), retry_after_s=3.0)
    service.will_answer("chat.completions", reply)

    with pytest.raises(Unavailable) as caught:
        await calls(service).stream("chat.completions", b"{}", None)

    assert caught.value.retry_after_s == 3.0
    assert reply.closed


async def test_a_key_that_is_refused_is_not_replaced_by_a_token() -> None:
    service = FakeService()
    service.will_answer("avatar.speak", FakeReply(401))

    with pytest.raises(AuthError):
        await calls(service, Secret("k")).call("avatar.speak", b"{}", Secret("t"))

    assert [one["Authorization"] for one in service.headers] == ["Bearer k"]
