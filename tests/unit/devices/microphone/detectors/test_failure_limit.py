from __future__ import annotations

from ravatard.devices.microphone.detectors.failure_limit import RETRY_S, WITHIN_S, FailureLimit

DAY_S = 86_400.0


def test_the_second_failure_in_ten_minutes_takes_the_extra_away_and_says_how_it_failed() -> None:
    limit = FailureLimit(str)

    first, second = limit.failed("SIGSEGV", 10.0), limit.failed("SIGILL", 10.0 + WITHIN_S)

    assert first is None
    assert second is not None
    assert second is limit.lost
    assert second == "failed 2 times within 10 minutes (SIGILL)"
    assert not limit.allows(11.0 + WITHIN_S)


def test_failures_that_are_far_apart_have_reasons_of_their_own() -> None:
    limit = FailureLimit(str)

    lost = [limit.failed("SIGSEGV", day * DAY_S) for day in range(1, 60)]

    assert lost == [None] * 59
    assert limit.allows(60 * DAY_S)


def test_after_an_hour_it_is_tried_again_with_as_much_patience_as_before() -> None:
    limit = FailureLimit(str)
    limit.failed("SIGSEGV", 1.0)
    limit.failed("SIGSEGV", 2.0)

    before, after = limit.allows(1.0 + RETRY_S), limit.allows(2.0 + RETRY_S)

    assert (before, after) == (False, True)
    assert limit.lost is None
    assert limit.failed("SIGSEGV", 3.0 + RETRY_S) is None
    assert limit.failed("SIGSEGV", 4.0 + RETRY_S) is not None


def test_what_is_forgiven_does_not_count() -> None:
    limit = FailureLimit(str)
    limit.failed("SIGSEGV", 1.0)
    limit.forgive()

    assert limit.failed("SIGSEGV", 2.0) is None
    assert limit.failed("SIGSEGV", 3.0) is not None
