"""The claim of a new appliance, in time that a test makes."""

from __future__ import annotations

from ravatard.web.page.access.claim import AGAIN_S, MOST_SAID, SAID_WITHIN_S, TRIES, VALID_S, WAIT_S, Claim


def test_a_press_means_what_it_always_does_until_a_page_awaits_it() -> None:
    claim = Claim()

    assert not claim.takes_press(0.0)
    assert claim.awaiting(0.0).takes_press(WAIT_S)
    assert not claim.awaiting(0.0).takes_press(WAIT_S + 1)


def test_after_the_digits_a_press_is_an_ordinary_one_again() -> None:
    claim = Claim().awaiting(0.0).said("123456", 1.0)

    assert not claim.takes_press(2.0)
    assert claim.is_valid(2.0)
    assert not claim.is_awaited(2.0)


def test_after_four_sayings_no_press_says_digits_for_the_rest_of_an_hour() -> None:
    claim = Claim()
    for at in range(MOST_SAID):
        claim = claim.awaiting(at * 60.0).said("123456", at * 60.0)
    later = SAID_WITHIN_S - 0.1

    assert not claim.awaiting(later).takes_press(later)
    assert claim.awaiting(later).takes_press(SAID_WITHIN_S)


def test_the_digits_are_said_again_when_the_page_asks_for_that_and_not_while_they_sound() -> None:
    claim = Claim().awaiting(0.0).said("123456", 1.0).awaiting(2.0)

    assert not claim.takes_press(1.0 + AGAIN_S - 0.1)
    assert claim.takes_press(1.0 + AGAIN_S)


def test_digits_are_taken_for_ten_minutes() -> None:
    claim = Claim().said("123456", 1.0)

    assert claim.matches("123456", 1.0 + VALID_S)
    assert not claim.matches("123457", 2.0)
    assert not claim.matches("123456", 2.0 + VALID_S)
    assert not Claim().matches("", 1.0), "before any were said there are none"


def test_three_wrong_tries_end_them() -> None:
    claim = Claim().said("123456", 0.0)
    for _ in range(TRIES - 1):
        claim = claim.failed(1.0)
        assert claim.matches("123456", 1.0)

    claim = claim.failed(1.0)

    assert not claim.matches("123456", 1.0)
    assert not claim.matches("", 1.0)
    assert not claim.failed(1.0).is_valid(1.0)


def test_the_page_is_told_how_long_it_has() -> None:
    assert Claim().expires_s(0.0) is None
    assert Claim().awaiting(0.0).expires_s(20.0) == round(WAIT_S) - 20
    assert Claim().said("123456", 0.0).expires_s(60.0) == round(VALID_S) - 60
    assert Claim().said("123456", 0.0).expires_s(VALID_S + 1) is None
