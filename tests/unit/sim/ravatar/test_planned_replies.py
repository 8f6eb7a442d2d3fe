from __future__ import annotations

from ravatard.sim.exchange import Close
from ravatard.sim.ravatar.planned_replies import Planned, PlannedReplies


class _Bell:
    def __init__(self) -> None:
        self.rung = 0

    def __call__(self) -> None:
        self.rung += 1


def _outbox() -> PlannedReplies:
    return PlannedReplies(_Bell())


def _planned(due: float, licence: str | None = None) -> Planned:
    return Planned(due, lambda now: f"due at {now:g}", licence)


def test_nothing_is_due_in_an_empty_outbox() -> None:
    outbox = _outbox()

    assert outbox.next_due() is None
    assert outbox.take(99.0) == []


def test_what_is_planned_comes_when_it_is_due_and_once() -> None:
    outbox = _outbox()
    outbox.plan(_planned(2.0))

    assert outbox.next_due() == 2.0
    assert outbox.take(1.9) == []
    assert outbox.take(2.0) == ["due at 2"]
    assert outbox.take(2.0) == []


def test_plans_come_in_the_order_of_their_times() -> None:
    outbox = _outbox()
    for due in (3.0, 1.0, 2.0):
        outbox.plan(_planned(due))

    assert outbox.take(9.0) == ["due at 1", "due at 2", "due at 3"]


def test_what_is_said_now_comes_after_what_was_due_before() -> None:
    outbox = _outbox()
    outbox.plan(_planned(1.0))
    outbox.settle(2.0)
    outbox.put("now", 2.0)
    outbox.put(Close(1000), 2.0)

    assert outbox.next_due() == 1.0
    assert outbox.take(1.5) == ["due at 1"]
    assert outbox.take(2.0) == ["now", Close(1000)]


def test_what_is_withdrawn_in_time_never_comes() -> None:
    outbox = _outbox()
    planned = _planned(2.0)
    outbox.plan(planned)

    assert planned.withdraw(1.9)
    assert outbox.next_due() is None
    assert outbox.take(9.0) == []


def test_what_is_due_cannot_be_withdrawn() -> None:
    outbox = _outbox()
    planned = _planned(2.0)
    outbox.plan(planned)

    assert not planned.withdraw(2.0)
    assert outbox.take(2.0) == ["due at 2"]


def test_a_session_that_is_over_takes_its_own_plans_along() -> None:
    outbox = _outbox()
    for licence in ("a", "b", None):
        outbox.plan(_planned(2.0, licence))

    outbox.forget("a", 1.0)

    assert len(outbox.take(2.0)) == 2


def test_a_cleared_outbox_says_nothing() -> None:
    outbox = _outbox()
    outbox.put("now", 1.0)
    outbox.plan(_planned(2.0))

    outbox.clear()

    assert outbox.next_due() is None


def test_everything_new_rings_the_bell() -> None:
    bell = _Bell()
    outbox = PlannedReplies(bell)

    outbox.put("now", 1.0)
    outbox.plan(_planned(2.0))

    assert bell.rung == 2
