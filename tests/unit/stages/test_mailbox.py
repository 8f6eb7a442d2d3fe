"""Bounded queues with named overflow policies."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.core.actions import (
    CancelUtterance,
    DropTurn,
    EndSession,
    EndUtterance,
    Interrupt,
    SendAudio,
    SendText,
    StartSession,
)
from ravatard.core.audio_format import bytes_for, silence
from ravatard.core.events import ButtonPressed, MicrophoneEnded, Tick
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


async def test_events_from_outside_wait_for_room_and_keep_their_order() -> None:
    inbox = Inbox(limit=100, room=3)
    taken: list[ButtonPressed] = []

    async def stranger() -> None:
        for number in range(500):
            await inbox.put_when_room(ButtonPressed(float(number)))

    async with asyncio.TaskGroup() as group:
        group.create_task(stranger())
        for _ in range(500):
            event = await inbox.get()
            assert isinstance(event, ButtonPressed)
            taken.append(event)

    assert [event.pressed_at for event in taken] == [float(number) for number in range(500)]


async def test_a_stranger_who_waits_keeps_no_event_of_ours_out() -> None:
    inbox = Inbox(limit=100, room=2)
    async with asyncio.TaskGroup() as group:
        strangers = [group.create_task(inbox.put_when_room(MicrophoneEnded())) for _ in range(50)]
        await asyncio.sleep(1.0)

        inbox.put(Tick())
        first = [await inbox.get() for _ in range(3)]
        for one in strangers:
            one.cancel()

    assert first == [MicrophoneEnded(), MicrophoneEnded(), Tick()]


async def test_each_stranger_gets_its_turn() -> None:
    inbox = Inbox(limit=100, room=2)

    async def flood() -> None:
        while True:
            await inbox.put_when_room(MicrophoneEnded())

    async with asyncio.TaskGroup() as group:
        flooding = group.create_task(flood())
        await asyncio.sleep(1.0)
        other = group.create_task(inbox.put_when_room(ButtonPressed(1.0)))
        seen = [await inbox.get() for _ in range(8)]
        flooding.cancel()

    assert other.done()
    assert ButtonPressed(1.0) in seen


async def test_a_stranger_who_gives_up_leaves_nothing() -> None:
    inbox = Inbox(limit=100, room=1)
    inbox.put(Tick())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await inbox.put_when_room(MicrophoneEnded())

    assert await inbox.get() == Tick()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await inbox.get()


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


# ---------------------------------------------------------------- utterances that are marked


async def test_the_end_of_an_utterance_keeps_its_place_behind_its_chunks() -> None:
    outbox = Outbox()
    for action in (audio(1), EndUtterance(1), audio(2)):
        outbox.put(action)

    assert [await outbox.get() for _ in range(3)] == [audio(1), EndUtterance(1), audio(2)]


async def test_a_cancellation_goes_ahead_of_the_turns_behind_it() -> None:
    outbox = Outbox()
    for action in (audio(1), audio(1), audio(2)):
        outbox.put(action)
    await outbox.get()

    outbox.put(DropTurn(1))
    outbox.put(CancelUtterance(1))
    outbox.put(DropTurn(1))

    assert [await outbox.get(), await outbox.get(), len(outbox)] == [CancelUtterance(1), audio(2), 0]


@pytest.mark.parametrize("taken", [[], [EndUtterance(1)], [audio(2)], [EndSession("idle")]])
async def test_what_is_not_half_sent_is_not_cancelled(taken: list[Outgoing]) -> None:
    outbox = Outbox()
    for action in [audio(1), *taken] if taken else []:
        outbox.put(action)
        await outbox.get()

    outbox.put(CancelUtterance(1))

    assert len(outbox) == 0


async def test_a_session_that_is_to_end_takes_its_utterance_with_it() -> None:
    outbox = Outbox()
    outbox.put(audio(1))
    await outbox.get()

    outbox.put(EndSession("asked"))
    outbox.put(CancelUtterance(1))

    assert [await outbox.get(), len(outbox)] == [EndSession("asked"), 0]


async def test_an_utterance_is_cancelled_once() -> None:
    outbox = Outbox()
    outbox.put(audio(1))
    await outbox.get()

    outbox.put(CancelUtterance(1))
    outbox.put(CancelUtterance(1))

    assert len(outbox) == 1


async def test_a_new_connection_knows_nothing_of_the_utterance_of_the_one_before() -> None:
    outbox = Outbox()
    outbox.put(audio(1))
    outbox.put(audio(1))
    await outbox.get()
    outbox.put(CancelUtterance(1))
    outbox.put(Interrupt())

    outbox.connected()
    outbox.put(CancelUtterance(1))

    assert [await outbox.get(), len(outbox)] == [audio(1), 0]


async def test_nothing_is_taken_before_an_interruption() -> None:
    outbox = Outbox()
    taken: list[object] = []

    async def send() -> None:
        taken.append(await outbox.get())

    async def interrupt() -> None:
        await outbox.interrupted()
        taken.append(Interrupt())

    async with asyncio.TaskGroup() as group:
        group.create_task(send())
        group.create_task(interrupt())
        await asyncio.sleep(0)
        outbox.put(SendText(1, "hi"))
        outbox.put(Interrupt())

    assert taken == [Interrupt(), SendText(1, "hi")]
