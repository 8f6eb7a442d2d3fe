from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, assert_type

import pytest

from ravatard.avatar_sdk import (
    AvatarError,
    AvatarSession,
    ConnectionLost,
    EventData,
    SessionGone,
)
from tests.unit.avatar_sdk.fakes import GONE, FakeReply, FakeService, delta, until


async def test_events_come_to_their_handlers_from_connect_on() -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        await session.connect()
        seen: list[Any] = []

        @session.on("frame")
        async def on_frame(data: EventData) -> None:
            seen.append(("frame", str(data), data.bytes, data.event["frame_id"]))

        session.on("audio", lambda data: seen.append(("audio", data.bytes)))
        session.on("chat", seen.append)
        session.on("status", seen.append)
        session.on("error", seen.append)
        socket = service.sockets[0]
        socket.says(type="frame", data="/9j/", frame_id=7)
        socket.says(type="audio", data="UklGRg", duration=2.5)
        socket.says(type="chat", role="agent", content="Hi")
        socket.says(type="status", status="idle")
        socket.says(type="error", code="AUDIO_PROCESSING_ERROR", message="no")
        await until(lambda: len(seen) == 5)

    assert sorted(map(str, seen)) == sorted(
        map(
            str,
            [
                ("frame", "/9j/", b"\xff\xd8\xff", 7),
                ("audio", b"RIFF"),
                {"type": "chat", "role": "agent", "content": "Hi"},
                {"type": "status", "status": "idle"},
                {"type": "error", "code": "AUDIO_PROCESSING_ERROR", "message": "no"},
            ],
        )
    )


async def test_connecting_twice_opens_one_socket() -> None:
    service = FakeService()
    async with service.client() as client, await client.create_session() as session:
        await session.connect()
        await asyncio.gather(session.connect(), session.connect())

    assert service.urls == ["ws://localhost:8001/ws/session-1"]


async def test_the_end_of_the_block_stops_the_session_once() -> None:
    service = FakeService()
    async with service.client() as client:
        async with await client.create_session(quality="high", voice_id="v") as session:
            pass
        assert await session.disconnect() == 12.5
        assert await session.disconnect() == 12.5

    assert service.called == ["streaming.new", "streaming.stop"]
    assert service.calls[0][2] == {"quality": "high", "voice_id": "v"}
    assert service.calls[1][2] == {"session_id": "session-1"}
    assert service.sockets[0].closed
    assert service.closed == 1


async def test_a_session_that_is_gone_when_it_is_stopped_is_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = FakeService()
    service.will_answer("streaming.stop", FakeReply(404, (GONE,)))
    async with service.client() as client:
        session = await client.create_session()

        assert await session.disconnect() is None

    assert service.called.count("streaming.stop") == 1
    assert caplog.text == ""


async def test_a_session_that_cannot_be_stopped_is_told_and_tried_again_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = FakeService()
    service.will_answer("streaming.stop", *[ConnectionLost("the service failed")] * 3)
    async with service.client() as client:
        session = await client.create_session()

        assert await session.disconnect() is None

    assert service.called.count("streaming.stop") == 4
    assert "may still be open" in caplog.text


async def test_a_chat_returns_the_whole_answer() -> None:
    service = FakeService()
    service.will_chat(delta("Hello!")[:30], delta("Hello!")[30:], delta(" I'm fine."), b"data: [DONE]\n")
    async with service.client() as client:
        session = await client.create_session()

        assert await session.chat("Hello, how are you?", model="gpt-4") == "Hello! I'm fine."

    assert service.calls[1][2] == {
        "session_id": "session-1",
        "messages": [{"role": "user", "content": "Hello, how are you?"}],
        "stream": True,
        "model": "gpt-4",
    }


async def test_speaking_returns_when_it_is_queued() -> None:
    service = FakeService()
    service.will_answer(
        "avatar.speak", FakeReply(200, (b'{"task_id":"t","status":"processing","duration_estimate":2.5}',))
    )
    async with service.client() as client:
        session = await client.create_session()

        task = await session.speak("Welcome", "v", {"stability": 0.75})

    assert (task.task_id, task.status, task.duration_estimate) == ("t", "processing", 2.5)
    assert service.calls[1][2]["voice_settings"] == {"stability": 0.75}


async def test_every_command_goes_out_on_the_socket() -> None:
    service = FakeService()
    async with service.client() as client, await client.create_session() as session:
        await session.start_listening()
        await session.send_audio(b"\0\1\2")
        await session.commit_audio()
        await session.clear_audio()
        await session.stop_listening()
        await session.interrupt()

    assert [message["type"] for message in service.sockets[0].sent] == [
        *("start_listening", "audio_buffer_append", "audio_buffer_commit", "audio_buffer_clear"),
        *("stop_listening", "interrupt"),
    ]
    assert service.sockets[0].sent[1]["data"] == {"audio": "AAEC"}


async def test_messages_keep_within_eighty_a_second_and_interrupt_is_not_held_up() -> None:
    service = FakeService()
    async with service.client() as client, await client.create_session() as session:
        for _ in range(80):
            await session.start_listening()
        assert asyncio.get_running_loop().time() == 0.0

        await session.interrupt()
        assert asyncio.get_running_loop().time() == 0.0
        await session.start_listening()

        assert asyncio.get_running_loop().time() >= 1.0


async def test_a_command_without_a_socket_says_what_to_do() -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()

        with pytest.raises(ConnectionLost, match="connect"):
            await session.interrupt()


async def test_webrtc_begins_with_our_offer() -> None:
    service = FakeService()
    service.will_answer(
        "streaming.start",
        FakeReply(200, (b'{"status":"started","sdp":{"type":"answer","sdp":"v=0 a"}}',)),
        FakeReply(200, (b"{}",)),
    )
    async with service.client() as client:
        session = await client.create_session()

        assert await session.start("v=0 o") == "v=0 a"
        with pytest.raises(AvatarError, match="description"):
            await session.start("v=0 o")

    assert service.calls[1][2]["sdp"] == {"type": "offer", "sdp": "v=0 o"}


# ---------------------------------------------------------------- run_forever


async def test_run_forever_ends_with_the_disconnect() -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(session.run_forever())
            await until(lambda: service.sockets)
            await session.disconnect()

        assert running.done()
        await session.run_forever()


async def test_cancelled_it_disconnects_first() -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        running = asyncio.get_running_loop().create_task(session.run_forever())
        await until(lambda: service.sockets)

        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

        assert service.called[-1] == "streaming.stop"


@pytest.mark.parametrize("code", ["SESSION_EXPIRED", "SESSION_NOT_FOUND"])
async def test_a_session_that_the_service_calls_gone_is_over_and_stopped_all_the_same(code: str) -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        await session.connect()
        service.sockets[0].says(type="error", code=code, message="Session expired")

        await assert_over_and_stopped(service, session)


@pytest.mark.parametrize("code", [4404, 4408, 4409, 4410])
async def test_a_socket_closed_with_a_code_of_the_end_is_no_stop(code: int) -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        await session.connect()
        service.sockets[0].breaks(code)

        await assert_over_and_stopped(service, session)


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("call", ["chat.completions", "avatar.speak"])
@pytest.mark.parametrize(
    ("status", "body"), [(404, GONE), (404, b'{"detail":"Not Found"}'), (409, b"{}"), (410, b"")]
)
async def test_a_call_that_finds_no_session_is_no_stop(
    call: str, status: int, body: bytes, connected: bool
) -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()
        if connected:
            await session.connect()
        service.will_answer(call, FakeReply(status, (body,)))

        with pytest.raises(SessionGone):
            await (session.chat("Hello") if call == "chat.completions" else session.speak("Hello"))

        await assert_over_and_stopped(service, session)


async def assert_over_and_stopped(service: FakeService, session: AvatarSession) -> None:
    with pytest.raises(SessionGone):
        await session.run_forever()
    with pytest.raises(SessionGone):
        await session.chat("Hello")
    await until(lambda: all(one.closed for one in service.sockets) and "streaming.stop" in service.called)
    await session.disconnect()
    assert service.called.count("streaming.stop") == 1
    assert service.calls[-1][2] == {"session_id": session.id}


# ---------------------------------------------------------------- secrets and handlers


async def test_secrets_are_not_shown() -> None:
    service = FakeService(token="hidden-token")
    async with service.client(api_key="hidden-key") as client:
        session = await client.create_session()

        assert session.id == "session-1"
        assert "session-1" not in repr(session)
        assert "hidden-token" not in repr(session.access_token)
        assert session.access_token is not None
        assert session.access_token.reveal() == "hidden-token"


async def test_a_handler_may_end_the_session() -> None:
    service = FakeService()
    async with service.client() as client:
        session = await client.create_session()

        @session.on("chat")
        async def on_chat(_: object) -> None:
            await session.disconnect()

        await session.connect()
        service.sockets[0].says(type="chat", role="agent", content="Bye")
        await session.run_forever()

    assert service.called.count("streaming.stop") == 1


async def test_a_handler_takes_what_its_event_hands_over_and_mypy_tells_a_wrong_one() -> None:
    service = FakeService()
    sounds: list[EventData] = []
    errors: list[dict[str, Any]] = []
    async with service.client() as client, await client.create_session("low") as session:
        assert_type(session.on("audio", sounds.append), Callable[[EventData], None])
        assert_type(session.on("error", errors.append), Callable[[dict[str, Any]], None])
        with pytest.raises(ValueError, match="no event is called 'frme'"):
            session.on("frme", sounds.append)  # type: ignore[call-overload]
        # Python lets these pass: each "ignore" fails the check of types once it is not needed.
        session.on("disconnected", sounds.append)  # type: ignore[call-overload]
        await client.create_session("ultra")  # type: ignore[arg-type]
        service.sockets[0].says(type="audio", data="UklGRg")
        service.sockets[0].says(type="error", code="AUDIO_PROCESSING_ERROR")
        await until(lambda: sounds and errors)

    assert sounds[0].bytes == b"RIFF"
    assert errors == [{"type": "error", "code": "AUDIO_PROCESSING_ERROR"}]
