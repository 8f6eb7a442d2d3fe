"""Every shipped language of the display's page has every text, in a length that fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.core.indication import Look
from ravatard.web.kiosk.texts import SHIPPED, problems_of, read_file
from tests.house.source import PACKAGE

ENGLISH = read_file(SHIPPED / "en.yaml")
LANGUAGES = sorted(SHIPPED.glob("*.yaml"))


def faults_of(values: dict[str, str], english: dict[str, str]) -> list[str]:
    """Return missing and empty texts of a complete language, and every other mistake."""
    missing = [f"{key}: missing" for key in english if key not in values]
    empty = [f"{key}: empty" for key, text in values.items() if not text and english.get(key)]
    return [*missing, *empty, *problems_of(values, english)]


def test_the_promised_languages_are_there() -> None:
    assert {file.stem for file in LANGUAGES} >= {"en", "de", "fr", "es", "uk", "ru"}


@pytest.mark.parametrize("file", LANGUAGES, ids=lambda file: file.stem)
def test_a_language_is_complete_and_fits(file: Path) -> None:
    assert faults_of(read_file(file), ENGLISH) == []


@pytest.mark.parametrize("file", LANGUAGES, ids=lambda file: file.stem)
def test_a_language_has_the_order_of_the_english_file(file: Path) -> None:
    assert list(read_file(file)) == list(ENGLISH)


def test_every_look_has_a_word_and_an_advice() -> None:
    shown = [*(look.value for look in Look), "gone"]

    assert [key for key in ENGLISH if key.startswith("words.")] == [f"words.{look}" for look in shown]
    assert [key for key in ENGLISH if key.startswith("advice.")] == [f"advice.{look}" for look in shown]


def test_every_other_text_is_used() -> None:
    folder = PACKAGE / "web" / "kiosk"
    users = [*folder.glob("*.py"), *(folder / "static").iterdir()]
    source = "".join(file.read_text(encoding="utf-8") for file in users)

    assert [key for key in ENGLISH if key.startswith(("picture.", "page.")) and key not in source] == []


def test_faults_are_found() -> None:
    english = {"words.ready": "Ready", "page.code": "Code: {code}"}

    assert faults_of({"page.code": ""}, english) == [
        "words.ready: missing",
        "page.code: empty",
        "page.code: write {code} once",
    ]
