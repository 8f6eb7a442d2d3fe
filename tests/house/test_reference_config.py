"""``config/ravatard.yaml`` says what the code does: every key, default, unit, range and sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ravatard.config import Key, Schema, reference

_FILE = Path(__file__).parents[2] / "config" / "ravatard.yaml"


def _entries() -> dict[str, tuple[str, str]]:
    """``section.key`` -> the comment above it and its value, read without any of our own code."""
    entries = {}
    section = ""
    comment: list[str] = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"([a-z_]+):", line):
            section = heading[1]
        elif words := re.fullmatch(r"  # (.*)", line):
            comment.append(words[1])
        elif key := re.fullmatch(r"  #([a-z_]+):(?: (.*))?", line):
            entries[f"{section}.{key[1]}"] = (" ".join(comment), key[2] or "")
            comment = []
    return entries


def test_the_file_is_what_the_code_makes() -> None:
    assert _FILE.read_text(encoding="utf-8") == reference(), (
        "out of date: ravatard config reference > config/ravatard.yaml"
    )


def test_the_file_has_every_key_and_no_other() -> None:
    assert list(_entries()) == list(Schema().keys)


@pytest.mark.parametrize("key", list(Schema().keys.values()), ids=lambda key: key.dotted)
def test_each_key_is_explained(key: Key) -> None:
    comment, value = _entries()[key.dotted]

    assert comment.startswith(key.setting.text)
    facts = comment.removeprefix(key.setting.text)
    assert ("Restart" if key.setting.restart else "Reload") in facts
    if key.setting.unit:
        assert key.setting.unit in facts
    for bound in (key.setting.low, key.setting.high):
        assert bound is None or f"{bound:.12g}" in facts
    assert key.setting.pattern is None or key.setting.pattern in facts
    assert value == (
        "" if key.default is None else yaml.safe_dump(key.default, default_flow_style=None).splitlines()[0]
    )
