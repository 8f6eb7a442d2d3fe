"""The reference is a configuration: pleasant to read, and right when its keys are brought to life."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ravatard.config import Options, Schema, load
from ravatard.config.reference import _written, purpose, reference


def _brought_to_life(text: str) -> str:
    """With every key's ``#`` removed."""
    return re.sub(r"^  #(?=[a-z])", "  ", text, flags=re.MULTILINE)


def test_as_it_stands_it_sets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ravatard.yaml"
    path.write_text(reference(), encoding="utf-8")

    loaded = load(path, {})

    assert {str(origin) for origin in loaded.origins.values()} == {"default"}


def test_with_every_key_brought_to_life_it_sets_every_key_to_its_default(tmp_path: Path) -> None:
    path = tmp_path / "ravatard.yaml"
    path.write_text(_brought_to_life(reference()), encoding="utf-8")

    loaded = load(path, {})

    assert loaded.options == Options()
    assert [key for key, origin in loaded.origins.items() if origin.kind != "file"] == []


def test_no_line_is_too_long_and_none_ends_in_a_space() -> None:
    for line in reference().splitlines():
        assert len(line) <= 100
        assert line == line.rstrip()


def test_a_secret_says_which_credential_it_may_come_from() -> None:
    assert "ravatard.service.project_id" in reference()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (0.5, "0.5"),
        ("slim", "slim"),
        ("https://chat.rvtr.ai", "https://chat.rvtr.ai"),
        ("it's: odd # really", "'it''s: odd # really'"),
        ("", "''"),
        ("trailing:", "'trailing:'"),
        ((), "[]"),
        (("a", 1), "[a, 1]"),
    ],
)
def test_a_default_is_written_as_yaml(value: object, text: str) -> None:
    assert _written(value) == text


class _Sectioned:
    """Section ``x``: what ``y`` does. More.

    And more.
    """


class _Free:
    """free of any section."""


class _Silent:
    pass


@pytest.mark.parametrize(
    ("group", "words"),
    [(_Sectioned, "What `y` does. More."), (_Free, "Free of any section."), (_Silent, "")],
)
def test_a_sections_purpose_is_the_first_line_of_its_docstring(group: type, words: str) -> None:
    assert purpose(group) == words


def test_every_section_of_the_schema_is_in_it_in_order() -> None:
    assert re.findall(r"^([a-z_]+):$", reference(), flags=re.MULTILINE) == list(Schema().sections)
