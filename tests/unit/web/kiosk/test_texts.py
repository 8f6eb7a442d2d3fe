"""Texts of the page: the fitting language, the owner's own, and mistakes named with their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.core.indication import Look
from ravatard.errors import ConfigError
from ravatard.web.kiosk.texts import read_texts


@pytest.mark.parametrize(
    ("wanted", "language", "ready"),
    [
        ("en", "en", "Ready"),
        ("en-GB", "en", "Ready"),
        ("de_AT", "de", "Bereit"),
        ("fr-CA", "fr", "Prêt"),
        ("spa", "es", "Listo"),
        ("uk", "uk", "Готово"),
        ("RU", "ru", "Готово"),
        ("tlh", "en", "Ready"),
    ],
)
def test_the_page_takes_the_language_of_the_conversation_else_english(
    wanted: str, language: str, ready: str
) -> None:
    texts = read_texts(wanted)

    assert (texts.language, texts.word(Look.READY)) == (language, ready)


def test_texts_of_ones_own_replace_the_shipped_ones_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "de.yaml").write_text("advice: {ready: 'Fragen Sie mich nach unserer Stadt.'}\n")

    texts = read_texts("de", str(tmp_path))

    assert texts.advice(Look.READY) == "Fragen Sie mich nach unserer Stadt."
    assert texts.advice(Look.BUSY).startswith("Alle Avatare")
    assert read_texts("en", str(tmp_path)).advice(Look.READY) == "Ready when you are."


def test_a_language_of_ones_own_is_english_where_it_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "nl.yaml").write_text("words:\n  ready: Klaar\n  off: Uit\nadvice:\n")

    texts = read_texts("nl-BE", str(tmp_path))

    assert (texts.language, texts.word(Look.READY), texts.word(Look.OFF)) == ("nl", "Klaar", "Uit")
    assert texts.word(Look.BUSY) == "Busy"


def test_help_is_for_trouble_and_names_the_code_and_whom_to_ask() -> None:
    assert read_texts().help(Look.NO_MICROPHONE) == "Code: no-microphone"
    assert read_texts("fr", contact="Accueil : 12").help(Look.OFFLINE) == "Accueil : 12 · Code : offline"
    assert [read_texts().help(look) for look in (Look.READY, Look.MUTED, Look.BUSY)] == ["", "", ""]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("words: {redy: x}", "words.redy: unknown key; did you mean words.ready?"),
        ("nonsense: {x: y}", "nonsense.x: unknown key; there are: words.off, "),
        (
            "words: {ready: As ready as can be imagined}",
            "words.ready: 27 characters do not fit the page; write 20",
        ),
        ("words: {ready: Bereitschaftsdienst}", "words.ready: the word Bereitschaftsdienst does not fit"),
        ("page: {code: Number}", "page.code: write {code} once"),
        ("page: {code: '{code} {code}'}", "page.code: write {code} once"),
        ("words: {ready: '{name}'}", "words.ready: write no braces"),
        ("words: {ready: [a, b]}", "words.ready: write one text, in one line"),
        ("words: ready", "words has to hold keys with texts"),
        ("- words", "the file has to hold keys with texts"),
        (
            "words:\n  ready: now: then",
            "are not valid YAML in line 2; put a text with ': ' or '#' into quotes",
        ),
        ("#" * 70_000, "longer than 64 kB"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_place_and_remedy(
    text: str, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "de.yaml"
    file.write_text(text)

    with pytest.raises(ConfigError) as caught:
        read_texts("de", str(tmp_path))

    assert f"the texts {file}" in str(caught.value)
    assert problem in str(caught.value)


def test_all_mistakes_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text("words: {redy: x, ready: '{x}'}")

    with pytest.raises(ConfigError) as caught:
        read_texts("en", str(tmp_path))

    assert len(str(caught.value).splitlines()) == 2


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de.yaml").write_bytes(b"words: {ready: \xff\xfe\x00}")

    with pytest.raises(ConfigError, match="not valid YAML"):
        read_texts("de", str(tmp_path))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"kiosk\.texts .*nowhere is not a folder; create it, or unset"):
        read_texts("de", str(tmp_path / "nowhere"))


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "de.yaml").mkdir()

    with pytest.raises(ConfigError, match=r"de\.yaml cannot be read: it is no file"):
        read_texts("de", str(tmp_path))


def test_a_file_with_another_ending_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "de.yml").write_text("words: {}")

    with pytest.raises(ConfigError, match=r"de\.yml is not read; give it a name that ends in \.yaml"):
        read_texts("de", str(tmp_path))


def test_a_name_that_is_no_code_of_a_language_is_not_chosen(tmp_path: Path) -> None:
    (tmp_path / "my texts.yaml").write_text("words: {}")

    assert read_texts("de", str(tmp_path)).language == "de"
