"""Presses and turns wait for the broker, the newest of them, and are forgotten when it was away."""

from __future__ import annotations

import asyncio

from ravatard.core.actions import LogLine, TurnEnded, TurnSummary
from ravatard.core.events import ButtonPressed, ButtonReleased, NetworkChanged
from ravatard.core.states import Cause, TurnOutcome
from ravatard.mqtt.event_queue import MOST_WAITING, EventQueue, QueuedEvent


def turn(number: int, answer_ms: float | None = 500.0) -> TurnEnded:
    return TurnEnded(TurnSummary(number, TurnOutcome.ANSWERED, Cause.VOICE, 0.0, 0.0, 1, 0, answer_ms))


async def kinds(queue: EventQueue, number: int) -> list[str]:
    return [(await queue.get()).fields["event_type"] for _ in range(number)]


async def test_two_quick_presses_are_four_edges_and_a_double() -> None:
    queue, clock = EventQueue(), asyncio.get_running_loop().time
    for _ in range(2):
        queue.on_event(ButtonPressed(clock()), clock())
        await asyncio.sleep(0.1)
        queue.on_event(ButtonReleased(clock()), clock())
        await asyncio.sleep(0.1)

    assert await kinds(queue, 5) == ["pressed", "released", "pressed", "released", "double"]


async def test_a_press_that_goes_on_is_held_while_the_queue_is_waited_for() -> None:
    queue = EventQueue()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(kinds(queue, 2))
        await asyncio.sleep(0.01)
        queue.on_event(ButtonPressed(0.01), 0.01)

    assert waiting.result() == ["pressed", "held"]


async def test_a_turn_with_an_answer_is_kept_and_one_without_is_not() -> None:
    queue = EventQueue()
    queue.on_action(turn(1), 0.0)
    queue.on_action(turn(2, None), 0.0)
    queue.on_action(LogLine("no turn"), 0.0)
    queue.on_event(NetworkChanged(), 0.0)

    first, second = await queue.get(), await queue.get()
    assert (first.name, first.kept) == ("event/turn", "last-turn")
    assert second.kept == ""


async def test_the_newest_events_wait_and_the_past_is_forgotten() -> None:
    queue = EventQueue()
    for number in range(2 * MOST_WAITING):
        queue.on_action(turn(number), 0.0)
    waiting = [await queue.get() for _ in range(MOST_WAITING)]
    assert all(isinstance(event, QueuedEvent) for event in waiting)
    queue.on_action(turn(1), 0.0)
    queue.forget()
    queue.on_action(turn(2, None), 0.0)

    assert (await queue.get()).fields["answer_s"] is None
