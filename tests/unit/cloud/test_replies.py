"""What every cloud's replies have in common."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.replies import cause_of, retry_after
from tests.assertions import assert_no_complaint


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("99999999", 86_400.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        ("1.5", 1.5),
        ("²", None),
        ("٣", None),
        ("9" * 400, None),
        ("1e999", None),
        ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None),
        ("Sun, 99999999999999999999 Nov 1994 08:49:37 GMT", None),
        ("1 Jan 2024 00:00:00 +999999999999999999999999999999", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 3_600.0),
        ("Wed, 21 Oct 2099 07:28:00", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_absurd(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_a_cause_is_told_in_the_systems_words() -> None:
    assert cause_of(ConnectionRefusedError(111, "Connection refused")) == "Connection refused"
    assert cause_of(OSError("it broke")) == "it broke"
    assert cause_of(ConnectionResetError()) == "ConnectionResetError"


@pytest.mark.parametrize("text", ["wss://x.example/?a=1", "bad token=eyJ"])
def test_a_cause_never_shows_a_url_or_a_token(text: str) -> None:
    assert cause_of(OSError(text)) == "OSError"


@settings(deadline=None)
@given(st.text() | st.from_regex(r"(\w+, )?\d+ (Jan|Nov) \d+ \d+:\d+:\d+ [+-]?\w+"))
def test_no_retry_after_raises_and_none_is_absurd(value: str) -> None:
    with assert_no_complaint():
        seconds = retry_after(value)

    assert seconds is None or 0.0 <= seconds <= 86_400.0
