from __future__ import annotations

import asyncio
import json

import pytest

from ravatard.avatar_sdk import (
    AvatarError,
    ConnectionLost,
    RateLimited,
    SessionGone,
    Unavailable,
)
from ravatard.avatar_sdk.chat_answer import deltas_of
from tests.unit.avatar_sdk.fakes import FakeReply, FakeService, delta


async def test_an_answer_comes_delta_by_delta_while_it_is_said() -> None:
    service = FakeService()
    service.will_chat(delta("One "), 3.0, delta("two."), 2.0, b"data: [DONE]\n")
    async with service.client() as client:
        session = await client.create_session()
        time = asyncio.get_running_loop().time

        deltas = [(time(), text) async for text in session.chat_stream("Count")]

    assert deltas == [(0.0, "One "), (3.0, "two.")]


async def test_an_answer_may_come_whole() -> None:
    service = FakeService()
    service.will_answer("chat.completions", FakeReply(200, (b'{"response":"Hi."}',)))
    async with service.client() as client:
        assert await (await client.create_session()).chat("Hello") == "Hi."


async def test_an_answer_that_fails_in_its_middle_leaves_what_came() -> None:
    service = FakeService()
    service.will_chat(delta("Hel"), b'data: {"error":{"code":"MODEL_ERROR","message":"overloaded"}}\n')
    async with service.client() as client:
        session = await client.create_session()

        with pytest.raises(Unavailable, match="overloaded") as caught:
            await session.chat("Hello")

    assert (caught.value.partial, caught.value.code) == ("Hel", "MODEL_ERROR")


async def test_an_answer_that_stalls_is_given_up_after_fifteen_seconds() -> None:
    service = FakeService()
    service.will_chat(delta("Hel"), 1000.0)
    async with service.client() as client:
        session = await client.create_session()

        with pytest.raises(ConnectionLost) as caught:
            await session.chat("Hello")

        assert asyncio.get_running_loop().time() == 15.0
    assert caught.value.partial == "Hel"


async def test_an_answer_that_never_ends_is_given_up_after_two_minutes() -> None:
    service = FakeService()
    service.will_chat(*[piece for _ in range(100) for piece in (10.0, b": still here\n")])
    async with service.client() as client:
        session = await client.create_session()

        with pytest.raises(ConnectionLost, match="120 s"):
            await session.chat("Hello")

        assert asyncio.get_running_loop().time() == 120.0


@pytest.mark.parametrize(
    ("code", "kind"),
    [("MODEL_ERROR", Unavailable), ("SESSION_EXPIRED", SessionGone), ("RATE_LIMIT", RateLimited)],
)
@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
async def test_an_error_in_an_answer_is_one_of_its_kind(code: str, kind: type, content_type: str) -> None:
    event = json.dumps({"error": {"code": code, "message": "no"}})
    body = f"data: {event}\n" if content_type == "text/event-stream" else event

    with pytest.raises(AvatarError, match="no") as caught:
        _ = [one async for one in deltas_of(FakeReply(200, (body.encode(),), content_type))]

    assert type(caught.value) is kind


async def test_an_answer_that_breaks_off_is_told_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    reply = FakeReply(200, (delta("Hello, I"),), "text/event-stream")

    assert [one async for one in deltas_of(reply)] == ["Hello, I"]
    assert "broke off" in caplog.text


async def test_a_program_that_leaves_an_answer_closes_it() -> None:
    service = FakeService()
    reply = FakeReply(200, (delta("One"), 1.0, delta("two")), "text/event-stream")
    service.will_answer("chat.completions", reply)
    async with service.client() as client:
        session = await client.create_session()
        answer = session.chat_stream("Count")
        assert await anext(answer) == "One"
        await answer.aclose()  # type: ignore[attr-defined]

    assert reply.closed
