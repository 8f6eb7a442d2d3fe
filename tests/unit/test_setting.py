"""How an option describes itself, and that every option does so completely."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, dataclass, fields

import pytest

from ravatard.config import Key, Schema
from ravatard.setting import Setting, setting


@dataclass(frozen=True, slots=True)
class _Group:
    volume: int = setting(7, "How loud.", unit="dB", low=0, high=10, restart=False)
    password: str = setting("hidden words", "The password.", pattern=r"\w+", secret=True)


def test_the_default_is_the_fields_default() -> None:
    assert _Group().volume == 7


def test_the_description_stands_at_the_field() -> None:
    volume = fields(_Group)[0]

    assert volume.metadata["setting"] == Setting("How loud.", unit="dB", low=0, high=10, restart=False)


def test_a_secret_is_left_out_of_the_groups_repr() -> None:
    assert repr(_Group()) == "_Group(volume=7)"


def test_a_description_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Setting("How loud.").unit = "%"  # type: ignore[misc]


def _every_key() -> list[Key]:
    return list(Schema().keys.values())


@pytest.mark.parametrize("key", _every_key(), ids=lambda key: key.dotted)
def test_every_option_is_a_sentence_with_a_sound_range(key: Key) -> None:
    described = key.setting

    assert described.text.endswith((".", "…"))
    if described.low is not None and described.high is not None:
        assert described.low < described.high
    if described.pattern is not None:
        re.compile(described.pattern)
    if key.form in (int, float):
        assert described.low is not None
        assert described.high is not None


@pytest.mark.parametrize("key", _every_key(), ids=lambda key: key.dotted)
def test_a_unit_in_an_options_name_is_its_unit(key: Key) -> None:
    suffix = key.name.rpartition("_")[2]

    if suffix in ("ms", "s", "hz", "db"):
        assert key.setting.unit.lower() == suffix


@pytest.mark.parametrize("section", Schema().sections)
def test_a_group_stays_at_ten_options(section: str) -> None:
    assert len(Schema().names(section)) <= 10
