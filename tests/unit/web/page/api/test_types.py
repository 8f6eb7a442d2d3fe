"""What a request may hold: no text that ends or hides otherwise than it seems."""

from __future__ import annotations

import msgspec
import pytest

from ravatard.web.page.api.health_types import Examine
from ravatard.web.page.api.types import ClaimCode, NewToken


@pytest.mark.parametrize("name", ["--live", "-", ".", "disk\n", "", "a" * 41])
def test_what_is_no_check_never_reaches_the_command_line(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"only": [name]}, Examine)


def test_a_check_is_taken() -> None:
    assert msgspec.convert({"only": ["clock", "a.b-c"]}, Examine).only == ["clock", "a.b-c"]


@pytest.mark.parametrize("name", ["lamp\n", "a\nb", "a\x00", "\u202egnp", "a\u200bb", "\ufeff", "a\u2028b"])
def test_a_name_has_nothing_that_is_not_seen(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": name, "scopes": ["read"]}, NewToken)


def test_a_name_may_have_every_letter() -> None:
    for name in ("lamp", "Лампочка", "台所 🔆"):
        assert msgspec.convert({"name": name, "scopes": ["read"]}, NewToken).name == name


def test_six_digits_are_all() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"code": "123456\n", "password": "long enough"}, ClaimCode)
