from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ravatard.sim.sliding_window import SlidingWindow


def test_the_wait_is_until_the_oldest_leaves_the_window() -> None:
    window = SlidingWindow(2, 60.0)

    waits = [window.wait_s(at) for at in (0.0, 10.0, 20.0, 59.0, 60.0, 61.0)]

    assert waits == [0.0, 0.0, 40.0, 1.0, 0.0, 9.0]


@given(st.lists(st.floats(0, 300), max_size=60), st.integers(1, 5))
def test_no_window_holds_more_than_it_may(times: list[float], most: int) -> None:
    window = SlidingWindow(most, 60.0)

    admitted = [at for at in sorted(times) if not window.wait_s(at)]

    for start in admitted:
        assert len([at for at in admitted if start <= at and at - start < 60.0]) <= most
