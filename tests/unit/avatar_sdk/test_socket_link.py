from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from ravatard.avatar_sdk import (
    AuthError,
    AvatarError,
    ConnectionLost,
    SessionGone,
    Unavailable,
)
from ravatard.avatar_sdk.socket_link import SocketWays
from ravatard.secret import Secret
from tests.unit.avatar_sdk.fakes import FakeService, until

# ---------------------------------------------------------------- reconnecting


async def test_a_socket_that_breaks_is_opened_again_at_once_and_goes_on() -> None:
    service = FakeService()
    seen: list[Any] = []
    async with service.client() as client, await client.create_session() as session:
        session.on("*", seen.append)
        service.sockets[0].breaks()
        await until(lambda: len(service.sockets) == 2)
        service.sockets[1].says(type="status", status="idle")
        await until(lambda: any(one["type"] == "status" for one in seen))

    assert [one["type"] for one in seen][:4] == ["connected", "disconnected", "connected", "status"]
    assert set(service.urls) == {"ws://localhost:8001/ws/session-1"}


async def test_what_is_sent_meanwhile_waits_for_the_socket() -> None:
    service = FakeService()
    async with service.client() as client, await client.create_session() as session:
        service.will_refuse_sockets(ConnectionLost("no way"), ConnectionLost("no way"))
        service.sockets[0].breaks()
        await until(lambda: not session._link.opened.is_set())

        await session.start_listening()

    assert service.sockets[1].sent == [{"type": "start_listening"}]


async def test_a_socket_that_does_not_come_back_ends_the_session(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        await session.connect()
        service.will_refuse_sockets(*[ConnectionLost("no way")] * 100)
        service.sockets[0].breaks()

        with pytest.raises(ConnectionLost, match="did not come back"):
            await session.run_forever()
        assert 5.0 < asyncio.get_running_loop().time() <= 15.0

    assert service.called[-1] == "streaming.stop"
    assert 5 <= len(service.urls) <= 12
    assert caplog.text == ""


async def test_a_service_that_breaks_every_socket_is_not_hammered() -> None:
    service = FakeService()
    async with service.client() as client, await client.create_session():
        for number in range(20):
            await until_slow(lambda number=number: len(service.sockets) > number)
            service.sockets[number].says(type="status", status="idle")
            service.sockets[number].breaks()

        assert asyncio.get_running_loop().time() > 20.0


async def until_slow(true: Any) -> None:
    while not true():  # noqa: ASYNC110 - time is virtual
        await asyncio.sleep(0.1)


async def test_another_client_that_took_the_session_is_not_fought() -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        await session.connect()
        service.sockets[0].breaks(4409)

        with pytest.raises(SessionGone, match="another client"):
            await session.run_forever()

    assert len(service.urls) == 1
    assert service.called == ["streaming.new", "streaming.stop"]


# ---------------------------------------------------------------- proof on the socket


async def test_the_socket_is_opened_with_the_access_token_then_the_key_then_in_the_address() -> None:
    service = FakeService(token="t&")
    async with service.client(api_key="k") as client:
        session = await client.create_session()
        service.will_refuse_sockets(401, 403)

        await session.connect()
        another = await client.create_session()
        await another.connect()

    sockets = [one.get("Authorization") for one in service.headers if "Content-Type" not in one]
    assert sockets == ["Bearer t&", "Bearer k", None, None]
    assert service.urls[2] == "ws://localhost:8001/ws/session-1?token=t%26"
    assert service.urls[3] == "ws://localhost:8001/ws/session-2?token=t%26"


async def test_a_service_that_takes_no_proof_is_an_auth_error() -> None:
    service = FakeService()
    async with service.client(api_key="k") as client:
        session = await client.create_session()
        service.will_refuse_sockets(401)

        with pytest.raises(AuthError):
            await session.connect()

    assert service.called == ["streaming.new", "streaming.stop"]


async def test_refusals_after_the_opening_try_each_proof_once() -> None:
    service = FakeService(token="t")
    async with service.client() as client:
        session = await client.create_session()
        await session.connect()
        service.sockets[0].breaks(4401)
        await until_slow(lambda: len(service.sockets) == 2)
        service.sockets[1].breaks(1008)

        with pytest.raises(AuthError):
            await session.run_forever()

    assert service.urls[1].endswith("?token=t")
    assert service.called[-1] == "streaming.stop"


@pytest.mark.parametrize(("status", "error"), [(404, SessionGone), (503, Unavailable)])
async def test_a_socket_refused_with_a_status_is_an_error(status: int, error: type[AvatarError]) -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        service.will_refuse_sockets(status)

        with pytest.raises(error):
            await session.connect()


@pytest.mark.parametrize("status", [101, 200, 302])
async def test_a_page_where_the_socket_should_be_is_told_with_its_address(status: int) -> None:
    service = FakeService()
    async with service.client(ws_url="ws://box/ws") as client:
        session = await client.create_session()
        service.will_refuse_sockets(status)

        with pytest.raises(ConnectionLost) as caught:
            await session.connect()

    assert caught.value.message == f"ws://box/ws is no WebSocket (status {status}); check ws_url"
    assert caught.value.status == status


def test_every_way_to_prove_a_session_is_tried_and_none_twice() -> None:
    token, key = Secret("t"), Secret("k")
    bearer, key_bearer = {"Authorization": "Bearer t"}, {"Authorization": "Bearer k"}

    assert [SocketWays(None).way(at, None) for at in range(SocketWays(None).count(None))] == [({}, None)]
    assert [SocketWays(key).way(at, None) for at in range(SocketWays(key).count(None))] == [
        (key_bearer, None)
    ]
    assert [SocketWays(key).way(at, token) for at in range(SocketWays(key).count(token))] == [
        (bearer, None),
        (key_bearer, None),
        ({}, "t"),
    ]
    assert [SocketWays(None).way(at, token) for at in range(SocketWays(None).count(token))] == [
        (bearer, None),
        ({}, "t"),
    ]


async def test_binary_messages_are_told_once_and_odd_ones_ignored(caplog: pytest.LogCaptureFixture) -> None:
    service = FakeService()
    seen: list[Any] = []
    async with service.client() as client, await client.create_session() as session:
        session.on("*", seen.append)
        for message in (None, None, "no json", "[]", '{"type":7}', '{"type":"status","status":"idle"}'):
            service.sockets[0].says_raw(message)
        await until(lambda: any(one["type"] == "status" for one in seen))

    assert caplog.text.count("binary") == 1


async def test_every_event_of_one_message_comes_to_its_handler() -> None:
    service = FakeService()
    seen: list[Any] = []
    async with service.client() as client, await client.create_session() as session:
        session.on("status", lambda event: seen.append(event["status"]))
        for together in (
            '{"type":"status","status":"a"}\n{"type":"status","status":"b"}',
            '[{"type":"status","status":"c"},{"type":"status","status":"d"}]',
        ):
            service.sockets[0].says_raw(together)
        await until(lambda: len(seen) == 4)

    assert seen == ["a", "b", "c", "d"]


async def test_an_error_without_a_handler_is_told(caplog: pytest.LogCaptureFixture) -> None:
    service = FakeService()
    async with service.client() as client, await client.create_session():
        service.sockets[0].says(type="error", code="AUDIO_PROCESSING_ERROR", message="said words")
        await until(lambda: "AUDIO_PROCESSING_ERROR" in caplog.text)

    assert "said words" not in caplog.text


async def test_a_complaint_about_our_rate_halves_it() -> None:
    service = FakeService()
    async with service.client() as client, await client.create_session() as session:
        service.sockets[0].says(type="error", code="RATE_LIMIT_EXCEEDED")
        await asyncio.sleep(0.01)
        for _ in range(41):
            await session.start_listening()

        assert asyncio.get_running_loop().time() > 1.0


async def test_a_frame_without_a_handler_is_not_parsed() -> None:
    service = FakeService()
    async with service.client() as client, await client.create_session() as session:
        service.sockets[0].says_raw('{"type":"frame","data":"' + "A" * 5_000)
        seen: list[Any] = []
        session.on("status", seen.append)
        service.sockets[0].says(type="status", status="idle")
        await until(lambda: seen)

    assert not session._link.handlers.wanted("frame")


async def test_a_session_that_the_socket_does_not_know_is_told_with_the_sockets_address() -> None:
    service = FakeService()
    async with service.client(ws_url="ws://box:9000/ws") as client:
        session = await client.create_session()
        service.will_refuse_sockets(404)

        with pytest.raises(
            SessionGone, match=r"^ws://box:9000/ws knows no such session; check ws_url"
        ) as caught:
            await session.connect()

    assert "session-1" not in str(caught.value)


@pytest.mark.parametrize("refused", [False, True])
async def test_sending_without_an_open_socket_fails_at_once(refused: bool) -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        if refused:
            service.will_refuse_sockets(503)
            with pytest.raises(Unavailable):
                await session.connect()

        with pytest.raises(ConnectionLost, match=r"call connect\(\) first"):
            await session.send_audio(bytes(480))
        with pytest.raises(ConnectionLost, match=r"call connect\(\) first"):
            await session.interrupt()

        assert asyncio.get_running_loop().time() == 0.0


async def test_what_is_sent_while_the_socket_is_first_opened_waits_for_it() -> None:
    service = FakeService(delay_s=1.0)
    async with service.client() as client, asyncio.TaskGroup() as group:
        session = await client.create_session()
        group.create_task(session.connect())
        await asyncio.sleep(0.5)

        await session.start_listening()

    assert service.sockets[0].sent == [{"type": "start_listening"}]
