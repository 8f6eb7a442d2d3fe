from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ravatard.avatar_sdk.event_handlers import EventData, EventHandlers
from tests.unit.avatar_sdk.fakes import until


def frame(number: int) -> str:
    return json.dumps({"type": "frame", "data": f"AAA{number}", "frame_id": number})


async def test_a_slow_handler_of_frames_gets_the_newest_only() -> None:
    handlers, seen = EventHandlers(), list[int]()
    free = asyncio.Event()

    async def slowly(data: EventData) -> None:
        seen.append(data.event["frame_id"])
        await free.wait()

    handlers.add("frame", slowly)
    async with asyncio.TaskGroup() as group:
        handlers.start(group)
        handlers.put("frame", frame(1))
        await until(lambda: seen)
        for number in range(2, 100):
            handlers.put("frame", frame(number))
        free.set()
        await until(lambda: len(seen) == 2)
        handlers.end()

    assert seen == [1, 99]


async def test_other_events_stay_in_order_and_a_slow_handler_holds_up_no_other() -> None:
    handlers, chats, statuses = EventHandlers(), list[Any](), list[Any]()
    free = asyncio.Event()

    async def slowly(event: dict[str, Any]) -> None:
        await free.wait()
        chats.append(event["content"])

    handlers.add("chat", slowly)
    handlers.add("status", statuses.append)
    async with asyncio.TaskGroup() as group:
        handlers.start(group)
        for number in range(10):
            handlers.put("chat", {"type": "chat", "content": number})
            handlers.put("status", {"type": "status"})
        await until(lambda: len(statuses) == 10)
        assert chats == []
        free.set()
        handlers.end()

    assert chats == list(range(10))


async def test_too_many_events_drop_the_oldest_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    handlers, seen = EventHandlers(), list[Any]()
    handlers.add("chat", lambda event: seen.append(event["content"]))
    for number in range(1_030):
        handlers.put("chat", {"type": "chat", "content": number})

    async with asyncio.TaskGroup() as group:
        handlers.start(group)
        handlers.end()

    assert seen == list(range(6, 1_030))
    assert caplog.text.count("too slow") == 1


async def test_a_handler_that_fails_is_logged_and_the_next_is_called(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handlers, seen = EventHandlers(), list[Any]()

    def fails(_: object) -> None:
        raise KeyError("mine")

    handlers.add("chat", fails)
    handlers.add("chat", seen.append)
    async with asyncio.TaskGroup() as group:
        handlers.start(group)
        handlers.put("chat", {"type": "chat"})
        handlers.put("chat", {"type": "chat"})
        handlers.end()

    assert len(seen) == 2
    assert caplog.text.count("KeyError: 'mine'") == 2


async def test_a_handler_that_is_taken_off_is_called_no_more() -> None:
    handlers, seen = EventHandlers(), list[Any]()
    handlers.add("chat", seen.append)
    handlers.remove("chat", seen.append)
    handlers.remove("status", seen.append)

    handlers.put("chat", {"type": "chat"})

    assert not handlers.wanted("chat")
    assert seen == []


async def test_a_handler_of_all_events_gets_events_and_the_newest_of_frames_in_a_row() -> None:
    handlers, seen = EventHandlers(), list[Any]()
    handlers.add("*", seen.append)
    for number in range(3):
        handlers.put("frame", frame(number))
    handlers.put("unheard_of", {"type": "unheard_of"})
    handlers.put("frame", "no json")

    async with asyncio.TaskGroup() as group:
        handlers.start(group)
        await until(lambda: len(seen) == 2)
        handlers.end()

    assert [one["type"] for one in seen] == ["frame", "unheard_of"]
    assert seen[0]["frame_id"] == 2


async def test_sound_may_stand_in_an_object_and_odd_data_is_none() -> None:
    handlers, seen = EventHandlers(), list[Any]()
    handlers.add("audio", seen.append)
    async with asyncio.TaskGroup() as group:
        handlers.start(group)
        handlers.put("audio", {"type": "audio", "data": {"audio": "QQ=="}})
        handlers.put("audio", {"type": "audio", "data": [1]})
        handlers.end()

    assert seen == ["QQ==", ""]


def test_an_event_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="audio, chat"):
        EventHandlers().add("frames", print)


def test_data_is_the_text_as_it_came_and_is_not_shown() -> None:
    data = EventData("SGVsbG8")

    assert f"data:image/jpeg;base64,{data}" == "data:image/jpeg;base64,SGVsbG8"
    assert data.bytes == b"Hello"
    assert "SGVsbG8" not in repr(data)
    with pytest.raises(ValueError, match="base64"):
        _ = EventData("no base64!").bytes
