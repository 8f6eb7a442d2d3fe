"""What a person may write after ``ravatard volume``."""

from __future__ import annotations

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cli.volume import add_arguments, request_of


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("60", {"percent": 60}),
        ("60%", {"percent": 60}),
        ("0", {"percent": 0}),
        ("100", {"percent": 100}),
        ("+10", {"by": 10}),
        ("-10", {"by": -10}),
        ("-10%", {"by": -10}),
    ],
)
def test_a_sign_makes_it_a_change(text: str, request_: dict[str, int]) -> None:
    assert request_of(text) == request_


@pytest.mark.parametrize("text", ["", "loud", "101", "+101", "6 0", "1e1", "--10", "٦٠", "60%%", "6.5"])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="neither a number from 0 to 100"):
        request_of(text)


@given(st.text())
def test_whatever_is_written_is_a_request_or_refused(text: str) -> None:
    try:
        (asked,) = request_of(text).values()
    except argparse.ArgumentTypeError:
        return
    assert -100 <= asked <= 100


@pytest.mark.parametrize("words", [["-10"], ["+10"], ["10"], []])
def test_a_softer_one_is_no_option(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    wanted = parser.parse_args(words).wanted

    assert wanted == (request_of(words[0]) if words else None)
