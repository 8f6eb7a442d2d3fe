"""The pictures of the README show what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.core.indication import WORDS, Look
from tests.make_pictures import FOLDER, MEANINGS, PICTURES


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_the_code_draws(name: str) -> None:
    drawn = PICTURES[name]()

    assert (FOLDER / name).read_text(encoding="utf-8") == drawn, "run: python -m tests.make_pictures"


def test_every_look_but_off_has_its_meaning() -> None:
    assert set(MEANINGS) == set(Look) - {Look.OFF}


def test_the_readme_names_every_light_in_the_order_of_precedence() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

    places = [readme.index(f"| {WORDS[look]} |") for look in MEANINGS]

    assert places == sorted(places)
