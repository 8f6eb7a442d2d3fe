from __future__ import annotations

import pytest

from tests.assertions import assert_no_complaint, assert_raises_only


def test_a_complaint_is_a_failure_with_its_cause() -> None:
    with pytest.raises(AssertionError, match="refused: ValueError") as caught, assert_no_complaint():
        raise ValueError("too long")

    assert isinstance(caught.value.__cause__, ValueError)


def test_a_failure_inside_stays_the_failure_it_was() -> None:
    for helper in (assert_no_complaint(), assert_raises_only(ValueError)):
        with pytest.raises(AssertionError, match=r"^it was wrong$"), helper:
            raise AssertionError("it was wrong")


def test_a_proper_refusal_passes() -> None:
    with assert_no_complaint(), assert_raises_only(KeyError, ValueError):
        int("too long")


def test_another_error_is_a_failure() -> None:
    with pytest.raises(AssertionError, match="nor properly refused: TypeError"), assert_raises_only(KeyError):
        raise TypeError("no number")
