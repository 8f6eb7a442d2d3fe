"""When a step strikes."""

from __future__ import annotations

import pytest

from ravatard.sim.faults.scenario import Cut, FaultStep, Refuse, Swallow, When
from ravatard.sim.faults.trigger import Trigger


def _struck(step: FaultStep, calls: list[tuple[str, float]]) -> list[float]:
    trigger = Trigger(step)
    times = []
    for path, now in calls:
        if trigger.called(frozenset({path}), now):
            trigger.use()
            times.append(now)
    return times


CALLS = [(path, float(second)) for second in range(6) for path in ("/jwt", "/chat")]


@pytest.mark.parametrize(
    ("step", "times"),
    [
        (FaultStep(Refuse(), When(call="/jwt")), [0, 1, 2, 3, 4, 5]),
        (FaultStep(Refuse(), When(call="/jwt", nth=3)), [2]),
        (FaultStep(Refuse(), When(call="/jwt", nth=3), times=2), [2, 3]),
        (FaultStep(Refuse(), When(call="/jwt", nth=3), for_s=1.5), [2, 3]),
        (FaultStep(Refuse(), When(call="/jwt", after_s=2)), [2, 3, 4, 5]),
        (FaultStep(Refuse(), When(call="/jwt", after_s=2, nth=2)), [3]),
        (FaultStep(Refuse(), When(call="/jwt"), for_s=2), [0, 1]),
        (FaultStep(Refuse(), When(call="/jwt"), times=3), [0, 1, 2]),
        (FaultStep(Refuse(), When(after_s=4)), [4, 4, 5, 5]),
        (FaultStep(Refuse(), When(after_s=3), for_s=1), [3, 3]),
        (FaultStep(Refuse(), times=3), [0, 0, 1]),
        (FaultStep(Refuse(), When(message=1)), []),
    ],
)
def test_calls_are_struck(step: FaultStep, times: list[float]) -> None:
    assert _struck(step, CALLS) == times


def test_a_window_of_the_clock_begins_at_its_time_whoever_looks_first() -> None:
    trigger = Trigger(FaultStep(Refuse(), When(after_s=3), for_s=2))

    assert not trigger.called(frozenset({"/jwt"}), 5.0)


def test_a_message_sets_a_step_off_for_all_that_follows() -> None:
    trigger = Trigger(FaultStep(Swallow(), When(message=2, after_s=1), for_s=5))

    heard = [
        trigger.message_received(1, 2.0),
        trigger.speaking(2.0),
        trigger.message_received(2, 3.0),
        trigger.message_received(3, 3.5),
    ]

    assert heard == [False, False, True, False]
    assert [trigger.speaking(now) for now in (3.0, 7.9, 8.0)] == [True, True, False]
    assert trigger.called(frozenset({"/jwt"}), 4.0)


def test_a_message_that_comes_too_early_sets_nothing_off() -> None:
    assert not Trigger(FaultStep(Swallow(), When(message=2, after_s=10))).message_received(2, 3.0)


def test_what_is_said_on_a_socket_is_struck_by_steps_about_sockets_only() -> None:
    rest = Trigger(FaultStep(Swallow(), When(call="/jwt")))
    socket = Trigger(FaultStep(Swallow(), When(call="/ws/chat", nth=1), for_s=9))

    assert rest.called(frozenset({"/jwt"}), 1.0)
    assert not rest.speaking(1.0)
    assert not socket.speaking(1.0)
    assert socket.called(frozenset({"/ws/chat"}), 2.0)
    assert socket.speaking(2.0)


def test_all_sockets_together_are_struck_from_their_time_on_and_calls_are_not() -> None:
    trigger = Trigger(FaultStep(Swallow(), When(after_s=3, call="/ws/chat"), for_s=2))

    assert [trigger.speaking(now) for now in (2.9, 3.0, 4.9, 5.0)] == [False, True, True, False]
    assert not trigger.called(frozenset({"/jwt"}), 4.0)


def test_the_clock_strikes_once() -> None:
    trigger = Trigger(FaultStep(Cut(), When(after_s=7)))

    before = trigger.due_at
    trigger.use()

    assert (before, trigger.due_at) == (7, None)


@pytest.mark.parametrize("when", [When(), When(after_s=1, call="/jwt"), When(after_s=1, message=4)])
def test_the_clock_alone_strikes_only_where_nothing_else_is_waited_for(when: When) -> None:
    assert Trigger(FaultStep(Cut(), when)).due_at is None
