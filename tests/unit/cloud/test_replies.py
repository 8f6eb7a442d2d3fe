"""What every cloud's replies have in common."""

from __future__ import annotations

import pytest

from ravatard.cloud.replies import cause_of, retry_after


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
