from __future__ import annotations

import asyncio
import gzip
import json
import signal
from typing import Any

import pytest

from ravatard.avatar_sdk import (
    AvatarClient,
    AvatarError,
    ConnectionLost,
    RateLimited,
    SessionInfo,
    Unavailable,
)
from ravatard.errors import RavatardError
from tests.unit.avatar_sdk.fakes import GONE, FakeReply, FakeService


def answer(value: object, status: int = 200) -> FakeReply:
    return FakeReply(status, (json.dumps(value).encode(),))


async def test_sessions_are_listed_with_their_ages() -> None:
    service = FakeService()
    service.will_answer("streaming.sessions", answer({"sessions": [{"session_id": "a", "duration": 45.2}]}))
    async with service.client() as client:
        assert await client.sessions() == [SessionInfo("a", "", "", 45.2)]


async def test_a_session_is_stopped_by_its_id() -> None:
    service = FakeService()
    service.will_answer(
        "streaming.stop", answer({"status": "stopped", "duration": 3}), FakeReply(404, (GONE,))
    )
    async with service.client() as client:
        assert await client.stop("a") == 3.0
        assert await client.stop("a") is None


async def test_health_and_metrics_come_as_they_are_from_beside_the_api() -> None:
    service = FakeService()
    service.will_answer("health", answer({"status": "healthy"}), FakeReply(200, (b"<html>",)))
    service.will_answer("metrics", answer({"active_sessions": 5}))
    async with service.client() as client:
        assert await client.health() == {"status": "healthy"}
        assert await client.metrics() == {"active_sessions": 5}
        with pytest.raises(AvatarError, match="JSON"):
            await client.health()


async def test_the_key_is_sent_and_without_one_the_sessions_token_when_it_is_wanted() -> None:
    service = FakeService(token="t")
    async with service.client() as client:
        session = await client.create_session()
        service.will_answer("avatar.speak", FakeReply(401))
        await session.speak("a")
        await session.speak("b")

    assert [one.get("Authorization") for one in service.headers] == [None, None, *["Bearer t"] * 3]


async def test_a_reply_without_a_session_is_an_error() -> None:
    service = FakeService()
    service.will_answer("streaming.new", answer({}))
    async with service.client() as client:
        with pytest.raises(AvatarError, match="session_id"):
            await client.create_session()

    assert service.called == ["streaming.new"]


async def test_a_session_whose_id_no_address_can_carry_is_stopped_at_once() -> None:
    service = FakeService()
    service.will_answer("streaming.new", answer({"session_id": "x" * 1_000_000}))
    async with service.client() as client:
        with pytest.raises(AvatarError, match="1000000"):
            await client.create_session()

    assert service.calls[1][1:] == ("streaming.stop", {"session_id": "x" * 1_000_000})


async def test_cancelled_while_a_session_is_created_none_is_left() -> None:
    service = FakeService(delay_s=2.0)
    async with service.client() as client:
        creating = asyncio.get_running_loop().create_task(client.create_session())
        await asyncio.sleep(1.0)

        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        assert asyncio.get_running_loop().time() == 1.0
        await asyncio.sleep(1.5)

        assert service.called == ["streaming.new", "streaming.stop"]


@pytest.mark.parametrize("late_s", [1.1, 5.0, 25.0])
async def test_a_session_that_is_made_after_the_time_out_is_stopped(late_s: float) -> None:
    service = FakeService(delay_s=late_s)
    async with service.client(timeout_s=1.0) as client:
        with pytest.raises(ConnectionLost):
            await client.create_session()
        await asyncio.sleep(late_s)

        assert service.called == ["streaming.new", "streaming.stop"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (409, b'{"error":{"code":"BUSY","details":{"session_id":"a"}}}'),
        (503, b'{"session_id":"a"}'),
        (302, b'<a href="/?session_id=a">'),
    ],
)
async def test_a_session_in_a_refusal_is_stopped(status: int, body: bytes) -> None:
    service = FakeService()
    service.will_answer("streaming.new", FakeReply(status, (body,)))
    async with service.client() as client:
        with pytest.raises(AvatarError):
            await client.create_session()

        assert service.calls[1][1:] == ("streaming.stop", {"session_id": "a"})


@pytest.mark.parametrize(
    "body",
    [
        b'{"session_id":"a","ice_ser',
        b'/* c */{"session_id":"a"}',
        b')]}\',{"session_id":"a"}',
        b"{'session_id':'a'}",
        b'[{"session_id":"a"}]',
        b'{"data":{"data":{"session_id":"a"}}}',
        b'{"result":{"sessionId":"a"}}',
        b'{"data":"{\\"session_id\\":\\"a\\"}"}',
        b'{"session_id":{"$oid":"a"}}',
        gzip.compress(b'{"session_id":"a"}', mtime=0),
    ],
)
async def test_a_session_in_an_odd_reply_is_used_and_stopped(body: bytes) -> None:
    service = FakeService()
    service.will_answer("streaming.new", FakeReply(200, (body,)))
    async with service.client() as client:
        session = await client.create_session()
        assert session.id == "a"

    assert service.called == ["streaming.new", "streaming.stop"]


async def test_of_several_sessions_in_a_reply_those_that_are_not_used_are_stopped_at_once() -> None:
    service = FakeService()
    service.will_answer("streaming.new", answer([{"session_id": "a"}, {"session_id": "b"}]))
    async with service.client() as client:
        assert (await client.create_session()).id == "a"
        assert service.calls[1][1:] == ("streaming.stop", {"session_id": "b"})

    assert service.calls[2][1:] == ("streaming.stop", {"session_id": "a"})


@pytest.mark.parametrize("given", ["SIDabc\n", "  SIDsp  ", "\ud800x"])
async def test_an_id_is_used_as_it_came_and_trimmed_only_to_stop_what_is_not_known(given: str) -> None:
    service = FakeService()
    service.will_answer("streaming.new", answer({"session_id": given}))
    service.will_answer("streaming.stop", FakeReply(404, (GONE,)))
    async with service.client() as client:
        try:
            await client.create_session()
        except AvatarError:
            assert given.startswith("\ud800")

    stopped = [body["session_id"] for _, call, body in service.calls if call == "streaming.stop"]
    assert stopped == list(dict.fromkeys([given, given.strip()]))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (404, b"<html>"),
        (404, b'{"detail":"Not Found"}'),
        (409, b'{"error":{"code":"SESSION_STARTING"}}'),
        (202, b'{"status":"queued"}'),
    ],
)
@pytest.mark.parametrize("listed", [True, False])
async def test_an_answer_that_does_not_say_that_a_session_ended_is_no_stop(
    status: int, body: bytes, listed: bool
) -> None:
    service = FakeService()
    service.will_answer("streaming.stop", FakeReply(status, (body,)))
    sessions = [{"session_id": "a" if listed else "b"}]
    service.will_answer("streaming.sessions", answer({"sessions": sessions, "total": 1}))
    async with service.client() as client:
        if listed:
            with pytest.raises(AvatarError):
                await client.stop("a")
        else:
            assert await client.stop("a") is None


async def test_a_busy_service_says_how_long_to_wait() -> None:
    service = FakeService()
    service.will_answer("streaming.new", FakeReply(503, retry_after_s=20.0), FakeReply(429))
    async with service.client() as client:
        with pytest.raises(Unavailable) as busy:
            await client.create_session()
        with pytest.raises(RateLimited):
            await client.create_session()

    assert busy.value.retry_after_s == 20.0


async def test_a_client_that_was_closed_may_be_used_again() -> None:
    service = FakeService()
    client = service.client()
    await client.create_session()
    await client.close()
    await client.create_session()
    await client.close()

    assert service.called == ["streaming.new", "streaming.stop"] * 2


async def test_all_sessions_are_stopped_together_at_the_end_within_four_seconds() -> None:
    service = FakeService()
    async with service.client() as client:
        for _ in range(3):
            await client.create_session()
        service.delay_s = 100.0

    assert service.called.count("streaming.stop") == 3
    assert asyncio.get_running_loop().time() == 4.0
    assert service.closed == 1


async def test_sigterm_is_taken_only_while_a_session_is_open() -> None:
    before = signal.getsignal(signal.SIGTERM)
    service = FakeService()
    service.will_answer("streaming.new", ConnectionLost("no way"))
    async with service.client() as client:
        await client.health()
        assert signal.getsignal(signal.SIGTERM) is before
        with pytest.raises(ConnectionLost):
            await client.create_session()
        assert signal.getsignal(signal.SIGTERM) is before

        session = await client.create_session()
        assert signal.getsignal(signal.SIGTERM) is not before
        await session.disconnect()
        assert signal.getsignal(signal.SIGTERM) is before


async def test_a_handler_of_sigterm_that_the_program_has_is_left_alone() -> None:
    def own(_number: int, _frame: object) -> None:
        """The program's own."""

    before = signal.signal(signal.SIGTERM, own)
    try:
        async with FakeService().client() as client:
            await client.create_session()
            assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    "options",
    [
        {"api_url": "box:8000"},
        {"ws_url": "file:///x"},
        {"api_url": "http://api.example.com/v1", "api_key": "k"},
        {"ws_url": "ws://ws.example.com/ws", "api_key": "k"},
    ],
)
def test_addresses_that_cannot_be_used_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"address|encryption") as caught:
        AvatarClient(**options)

    assert not isinstance(caught.value, RavatardError)


def test_a_key_without_encryption_may_be_allowed() -> None:
    assert AvatarClient("http://api.example.com/v1", "ws://ws.example.com", api_key="k", allow_plain_key=True)


@pytest.mark.parametrize(
    ("options", "socket"),
    [
        ({}, "ws://localhost:8001/ws"),
        ({"api_url": "http://avatar.example:8000/v1"}, "ws://avatar.example:8001/ws"),
        ({"api_url": "https://api.avatar.example/v1"}, "wss://ws.avatar.example/ws"),
        ({"api_url": "http://box:9000/v1", "ws_url": "ws://localhost:8001/ws"}, "ws://localhost:8001/ws"),
    ],
)
async def test_the_address_of_the_sockets_follows_that_of_the_api_unless_it_is_given(
    options: dict[str, Any], socket: str
) -> None:
    service = FakeService()
    async with service.client(**options) as client, await client.create_session():
        assert service.urls == [f"{socket}/session-1"]


async def test_a_reply_of_something_else_names_the_argument_to_check() -> None:
    service = FakeService()
    service.will_answer("streaming.sessions", answer({"sessions": "none"}))
    service.will_answer("streaming.new", FakeReply(200, (b"<html>",)))
    async with service.client() as client:
        with pytest.raises(AvatarError, match=r"check api_url$"):
            await client.sessions()
        with pytest.raises(AvatarError, match="check api_url and its port"):
            await client.create_session()
