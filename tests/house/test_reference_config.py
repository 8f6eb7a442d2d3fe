"""``config/ravatard.yaml`` says what the code does: every key, default, unit, range and sentence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from ravatard.config import Key, Options, Schema, load
from ravatard.config.examples import EXAMPLES, FIRST
from ravatard.config.reference import reference

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


@pytest.mark.parametrize("mode", get_args(Schema().keys["gate.mode"].type))
def test_each_default_may_be_written_out_whatever_opens_the_gate(tmp_path: Path, mode: str) -> None:
    written = re.sub(r"(?m)^  #([a-z_]+: .)", r"  \1", _FILE.read_text(encoding="utf-8"))
    written = re.sub(r"(?m)^  mode: auto$", f"  mode: {mode}", written)
    # Without a button some modes have nothing that opens them.
    (file := tmp_path / "ravatard.yaml").write_text(written.replace("\n  #pin:\n", "\n  pin: 4\n", 1))

    loaded = load(file, {})

    assert loaded.options.gate.mode == mode
    assert loaded.options.button.pin == 4
    assert loaded.origins["wakeword.in_answer"].name == str(file)


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
    assert key.setting.pattern is None or key.setting.words[1:] in facts
    assert value == (
        "" if key.default is None else yaml.safe_dump(key.default, default_flow_style=None).splitlines()[0]
    )


def test_the_file_begins_with_what_most_owners_want_and_a_table_of_contents() -> None:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    sections = list(Schema().sections)

    assert all(f"#   {line}".rstrip() in lines[:60] for line in FIRST.splitlines())
    contents = [words[1] for line in lines[:80] if (words := re.fullmatch(r"#   ([a-z_]+) +[A-Z].*", line))]
    assert contents == sections


def test_every_section_has_an_example_and_no_other() -> None:
    assert list(EXAMPLES) == list(Schema().sections)


@pytest.mark.parametrize("section", list(EXAMPLES))
def test_an_example_can_be_used_as_it_stands(section: str, tmp_path: Path) -> None:
    values, _ = EXAMPLES[section]
    file = tmp_path / "ravatard.yaml"
    # Some sections need another one.
    others = {"pixels": "lights: {kind: apa102}\n", "gate": "button: {pin: 17}\n"}
    file.write_text(f"{others.get(section, '')}{section}: {values}\n", encoding="utf-8")

    changed = load(file, {}).options

    assert getattr(changed, section) != getattr(Options(), section)


def test_what_most_owners_want_can_be_used_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "ravatard.yaml"
    file.write_text(FIRST, encoding="utf-8")
    keys = yaml.safe_load(FIRST)

    assert sum(len(value) if isinstance(value, dict) else 1 for value in keys.values()) == 10
    assert load(file, {}).options.service.avatar == "Assistant"
