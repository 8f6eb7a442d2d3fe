from __future__ import annotations

import argparse

import pytest

from ravatard.cli.simulate.numbers import number
from ravatard.setting import Setting


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("9", 9)])
def test_a_number_in_its_range_is_taken(text: str, value: float) -> None:
    assert number(int, Setting("", low=0, high=9))(text) == value


@pytest.mark.parametrize("text", ["10", "-1", "1.5", "", "nine"])
def test_another_is_refused_with_the_range(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a number from 0 to 9"):
        number(int, Setting("", low=0, high=9))(text)


def test_without_a_range_every_number_will_do() -> None:
    assert number(float, Setting(""))("-1e9") == -1e9
