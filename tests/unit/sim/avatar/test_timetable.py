from __future__ import annotations

from ravatard.sim.avatar.timetable import Step, Timetable


def test_steps_are_taken_in_order_each_with_its_own_time() -> None:
    timetable = Timetable()
    taken: list[tuple[str, float]] = []

    def step(name: str) -> Step:
        return lambda now: taken.append((name, now))

    for at, name in [(2.0, "c"), (1.0, "a"), (1.0, "b"), (9.0, "late")]:
        timetable.plan(at, step(name))
    timetable.run(5.0)

    assert taken == [("a", 1.0), ("b", 1.0), ("c", 2.0)]
    assert timetable.next_due() == 9.0


def test_a_subject_is_dropped_and_the_rest_stays() -> None:
    timetable = Timetable()
    taken: list[float] = []
    timetable.plan(1.0, taken.append, subject="answers")
    timetable.plan(2.0, taken.append)

    dropped = timetable.drop("answers"), timetable.drop("answers")
    timetable.run(9.0)

    assert dropped == (True, False)
    assert taken == [2.0]
    assert timetable.next_due() is None
