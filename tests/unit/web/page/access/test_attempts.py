"""Limits on guessing, in time that a test makes."""

from __future__ import annotations

from ravatard.web.page.access.attempts import A_MINUTE, FORGOTTEN_S, FREE, LONGEST_S, Attempts


def wrong(attempts: Attempts, address: str, times: int, now: float) -> None:
    for _ in range(times):
        attempts.failed(address, now)


def test_a_slip_of_the_finger_costs_no_wait() -> None:
    attempts = Attempts()
    wrong(attempts, "a", FREE, 0.0)

    assert attempts.wait_s("a", 0.0) == 0.0


def test_the_wait_of_an_address_doubles_up_to_ten_minutes() -> None:
    attempts = Attempts()
    wrong(attempts, "a", FREE, 0.0)

    waits = []
    for _ in range(14):
        attempts.failed("a", 0.0)
        waits.append(attempts.wait_s("a", 0.0))

    assert waits[:5] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert waits[-1] == LONGEST_S
    assert attempts.wait_s("b", 0.0) == 0.0


def test_a_program_that_tries_an_old_password_for_weeks_waits_no_longer_than_that() -> None:
    attempts = Attempts()
    wrong(attempts, "a", 2_000, 0.0)

    assert attempts.wait_s("a", 0.0) == LONGEST_S


def test_the_wait_goes_by_and_the_right_word_ends_it() -> None:
    attempts = Attempts()
    wrong(attempts, "a", FREE + 3, 0.0)

    assert attempts.wait_s("a", 1.0) == 3.0
    assert attempts.wait_s("a", 5.0) == 0.0
    attempts.succeeded("a")
    assert attempts.wait_s("a", 1.0) == 0.0


def test_an_address_that_was_quiet_begins_anew() -> None:
    attempts = Attempts()
    wrong(attempts, "a", 10, 0.0)

    attempts.failed("a", FORGOTTEN_S)

    assert attempts.wait_s("a", FORGOTTEN_S) == 0.0


def test_all_addresses_together_try_ten_times_a_minute() -> None:
    attempts = Attempts()
    for at in range(A_MINUTE):
        assert attempts.wait_s(str(at), float(at)) == 0.0
        attempts.begun(float(at))

    assert attempts.wait_s("new", 10.0) == 50.0
    assert attempts.wait_s("new", 60.0) == 0.0


def test_a_crowd_of_addresses_takes_no_more_memory() -> None:
    attempts = Attempts()
    for at in range(5_000):
        attempts.failed(str(at), 0.0)

    assert len(attempts._wrong) <= 512
