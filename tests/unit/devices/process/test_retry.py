from __future__ import annotations

import pytest

from ravatard.devices.process.retry import Retry, RetryPolicy


class Kernel:
    """What a kernel shows, and how often it was asked."""

    def __init__(self) -> None:
        self.shows = "nothing"
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        return self.shows


def waits(retry: Retry, now: float, attempts: int) -> list[float]:
    """Seconds between attempts that all fail."""
    between = []
    for _ in range(attempts):
        retry.begin()
        retry.lost(now)
        begun = now
        while (wait_s := retry.wait_s(now)) > 0:
            now += wait_s
        between.append(now - begun)
    return between


def test_the_first_attempt_is_due_at_once() -> None:
    assert Retry(RetryPolicy(), Kernel()).wait_s(1_000.0) == 0.0


def test_where_only_trying_tells_the_waits_stay_within_a_second_and_the_kernel_is_not_asked() -> None:
    kernel = Kernel()

    assert waits(Retry(RetryPolicy(), kernel), 50.0, 6) == [0.25, 0.5, 1.0, 1.0, 1.0, 1.0]
    assert kernel.asked == 0


def test_where_the_kernel_would_show_it_they_grow_to_ten_seconds() -> None:
    retry = Retry(RetryPolicy(), Kernel())
    retry.by_cards = True

    assert waits(retry, 50.0, 8) == pytest.approx([0.25, 0.5, 1, 2, 4, 8, 10, 10])


def test_a_change_is_seen_at_the_next_look_and_makes_the_waits_short_again() -> None:
    kernel = Kernel()
    retry = Retry(RetryPolicy(), kernel)
    retry.by_cards = True
    waits(retry, 0.0, 8)
    retry.begin()
    retry.lost(100.0)

    looks = [retry.wait_s(100.0), retry.wait_s(100.25), retry.wait_s(100.75)]
    kernel.shows = "a card"
    due = [retry.wait_s(101.25), retry.wait_s(101.26)]

    assert looks == [0.25, 0.5, 0.5]
    assert due == [0.0, 0.0]
    assert waits(retry, 101.3, 2) == pytest.approx([0.25, 0.5])


def test_what_changed_during_an_attempt_is_worth_another_one_as_soon_as_it_has_settled() -> None:
    kernel = Kernel()
    retry = Retry(RetryPolicy(first_retry_s=0.25), kernel)
    retry.by_cards = True
    waits(retry, 0.0, 8)
    retry.begin()
    kernel.shows = "free again"
    retry.lost(100.0)

    assert retry.wait_s(100.0) == 0.25
    assert retry.wait_s(100.25) == 0.0


@pytest.mark.parametrize(("heard_s", "next_wait_s"), [(3.0, 0.0), (1.0, 1.0)])
def test_only_after_sound_that_lasted_the_next_attempt_is_due_at_once(
    heard_s: float, next_wait_s: float
) -> None:
    retry = Retry(RetryPolicy(), Kernel())
    waits(retry, 0.0, 4)
    retry.ready(10.0)

    retry.lost(10.0 + heard_s)

    assert retry.wait_s(10.0 + heard_s) == next_wait_s


def test_after_sound_that_lasted_the_waits_begin_anew() -> None:
    retry = Retry(RetryPolicy(), Kernel())
    waits(retry, 0.0, 4)
    retry.ready(10.0)
    retry.lost(20.0)

    assert waits(retry, 20.0, 3) == [0.25, 0.5, 1.0]


def test_nothing_settles_where_nothing_has_to() -> None:
    retry = Retry(RetryPolicy(), Kernel())

    retry.lost(10.0, at_once=True)

    assert retry.wait_s(10.0) == 0.0


def test_a_person_need_not_wait() -> None:
    retry = Retry(RetryPolicy(), Kernel())
    waits(retry, 0.0, 4)
    retry.lost(10.0)

    retry.reset()

    assert retry.wait_s(10.0) == 0.0
    assert waits(retry, 10.0, 1) == [0.25]


def test_a_source_in_doubt_is_opened_anew_less_and_less_often() -> None:
    retry = Retry(RetryPolicy(fault_retry_s=30, longest_fault_retry_s=100), Kernel())
    now, between = 0.0, []
    for _ in range(4):
        retry.begin_faulty(now)
        begun = now
        while not retry.is_reopen_due(now):
            now += 1.0
        between.append(now - begun)
    retry.ready(now)
    retry.begin_faulty(now)

    assert between == [30, 60, 100, 100]
    assert retry.is_reopen_due(now + 30)
