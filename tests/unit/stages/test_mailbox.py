"""Bounded queues with named overflow policies."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.core.actions import DropTurn, EndSession, SendAudio, SendText, StartSession
from ravatard.core.audio_format import bytes_for, silence
from ravatard.core.events import MicrophoneEnded, Tick
from ravatard.errors import InternalError
from ravatard.stages.mailbox import Inbox, Latest, Outbox, Outgoing

CHUNK = silence(4096)


def audio(turn: int) -> SendAudio:
    return SendAudio(turn, CHUNK, 0.0)


async def test_the_inbox_keeps_the_order() -> None:
    inbox = Inbox()
    first, second = Tick(), MicrophoneEnded()

    inbox.put(first)
    inbox.put(second)

    assert [await inbox.get(), await inbox.get()] == [first, second]


async def test_a_full_inbox_is_a_bug_and_says_so() -> None:
    inbox = Inbox(limit=2)
    inbox.put(Tick())
    inbox.put(Tick())

    with pytest.raises(InternalError, match="2 events"):
        inbox.put(Tick())


async def test_a_cancelled_reader_loses_no_event() -> None:
    inbox = Inbox()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await inbox.get()
    inbox.put(Tick())

    assert await inbox.get() == Tick()


async def test_the_outbox_keeps_the_order() -> None:
    outbox = Outbox()
    actions: list[Outgoing] = [StartSession(1), audio(1), SendText(2, "x"), EndSession("idle")]

    for action in actions:
        assert outbox.put(action)

    assert [await outbox.get() for _ in actions] == actions


async def test_the_outbox_waits_for_something() -> None:
    outbox = Outbox()

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(outbox.get())
        await asyncio.sleep(1.0)
        outbox.put(audio(1))

    assert waiting.result() == audio(1)


async def test_a_turn_taken_back_leaves_nothing_of_it_and_all_of_the_others() -> None:
    outbox = Outbox()
    for action in (StartSession(1), audio(1), EndSession("idle"), audio(2), SendText(1, "x")):
        outbox.put(action)

    outbox.put(DropTurn(1))

    assert [await outbox.get() for _ in range(len(outbox))] == [EndSession("idle"), audio(2)]


async def test_thirty_seconds_of_speech_fit_and_one_chunk_more_drops_the_turn_as_a_whole() -> None:
    outbox = Outbox()
    fitting = bytes_for(30_000) // len(CHUNK)
    assert all(outbox.put(audio(1)) for _ in range(fitting))

    assert not outbox.put(audio(1))

    assert len(outbox) == 0
    assert all(outbox.put(audio(2)) for _ in range(fitting))


async def test_room_is_counted_again_when_speech_was_taken_or_given_back() -> None:
    outbox = Outbox(limit_ms=512.0)
    outbox.put(audio(1))
    outbox.put(audio(1))

    taken = await outbox.get()
    outbox.put_back(taken)
    assert not outbox.put(audio(2))
    await outbox.get()

    assert outbox.put(audio(2))


async def test_what_was_given_back_is_the_next_again() -> None:
    outbox = Outbox()
    outbox.put(audio(1))
    outbox.put_back(StartSession(1))

    assert await outbox.get() == StartSession(1)


async def test_the_wish_to_end_the_session_is_found_wherever_it_waits() -> None:
    outbox = Outbox()
    outbox.put(audio(1))
    outbox.put(EndSession("idle"))

    assert await outbox.get_urgent() == EndSession("idle")
    assert await outbox.get() == audio(1)


async def test_the_wish_to_end_the_session_is_waited_for_past_everything_else() -> None:
    outbox = Outbox()

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(outbox.get_urgent())
        await asyncio.sleep(1.0)
        outbox.put(audio(1))
        await asyncio.sleep(1.0)
        outbox.put(EndSession("idle"))

    assert waiting.result() == EndSession("idle")


async def test_of_the_latest_only_the_newest_counts() -> None:
    latest = Latest(0)
    latest.put(1)
    latest.put(2)

    assert await latest.changed() == 2
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await latest.changed()


async def test_a_session_that_other_turns_wait_for_outlives_the_turn_that_wanted_it_first() -> None:
    outbox = Outbox()
    for action in (StartSession(1), audio(1), audio(2), SendText(3, "x")):
        outbox.put(action)

    outbox.put(DropTurn(1))

    assert [await outbox.get() for _ in range(len(outbox))] == [StartSession(2), audio(2), SendText(3, "x")]


async def test_a_session_nobody_else_waits_for_goes_with_its_turn() -> None:
    outbox = Outbox()
    for action in (StartSession(1), audio(1), EndSession("idle"), StartSession(2), audio(2)):
        outbox.put(action)

    outbox.put(DropTurn(1))

    assert [await outbox.get() for _ in range(len(outbox))] == [
        EndSession("idle"),
        StartSession(2),
        audio(2),
    ]
