"""Hashes of passwords."""

from __future__ import annotations

import pytest

from ravatard.web.page.access import password
from ravatard.web.page.access.password import hashed, matches


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "COST", 16)


@pytest.mark.parametrize("word", ["correct horse", "пароль-слово", "\ud800 half a pair", " blanks kept "])
def test_a_password_matches_its_hash_and_no_other(word: str) -> None:
    stored = hashed(word)

    assert matches(word, stored)
    assert not matches(f"{word}x", stored)


def test_two_hashes_of_one_password_differ_and_hold_none_of_it() -> None:
    first, second = hashed("correct horse"), hashed("correct horse")

    assert first.digest != second.digest
    assert "horse" not in repr(first)


def test_a_hash_of_an_older_cost_matches_still(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = hashed("correct horse")
    monkeypatch.setattr(password, "COST", 64)

    assert matches("correct horse", stored)
    assert hashed("correct horse").cost == 64


def test_guessing_costs_what_interactive_log_ins_should_by_rfc_7914(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    assert (password.COST, password.BLOCK, password.LANES) == (16_384, 8, 1)
    assert matches("correct horse", hashed("correct horse"))
