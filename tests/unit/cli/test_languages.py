"""The list of languages."""

from __future__ import annotations

from ravatard.cli.languages import listed
from ravatard.cloud.ravatar.rest import ConnectionReply, LanguageInfo

LANGUAGES = ConnectionReply(
    languages=(LanguageInfo("English", "en"), LanguageInfo("Português\x1b[2J", "pt-BR"))
)


def test_columns_stand_below_each_other_and_a_star_marks_the_one_in_use() -> None:
    assert list(listed(LANGUAGES, "PT-br")) == ["  en     English", "* pt-BR  Português[2J"]


def test_nothing_chooses_none() -> None:
    assert [line[0] for line in listed(LANGUAGES, None)] == [" ", " "]


def test_no_languages_are_told_in_words() -> None:
    assert list(listed(ConnectionReply(), "en")) == ["the service does not say which languages it speaks"]
