"""The lists of avatars and languages."""

from __future__ import annotations

from ravatard.cli.directory import listed_avatars, listed_languages
from ravatard.ports.cloud import Avatar, Directory, Language

AVATARS = Directory(
    avatars=(
        Avatar("a-1", "Ada", True),
        Avatar("b-22", "日本", False),
        Avatar("c\x1b[2J", "", True),
    )
)


def test_columns_stand_below_each_other_and_a_star_marks_the_one_in_use() -> None:
    assert list(listed_avatars(AVATARS, "ada")) == [
        "* Ada   a-1   live and chat",
        "  日本  b-22  chat only",
        "  c[2J  c[2J  live and chat",
    ]


def test_an_id_chooses_as_well_and_nothing_chooses_nobody() -> None:
    assert [line[0] for line in listed_avatars(AVATARS, "B-22")] == [" ", "*", " "]
    assert [line[0] for line in listed_avatars(AVATARS, None)] == [" ", " ", " "]


def test_no_avatars_are_told_in_words() -> None:
    assert list(listed_avatars(Directory(), "Ada")) == [
        "the service has no avatar for this project; ask its operator for one"
    ]


# ------------------------------------------------------------------ languages

LANGUAGES = Directory(languages=(Language("English", "en"), Language("Português\x1b[2J", "pt-BR")))


def test_codes_and_names_stand_below_each_other_and_a_star_marks_the_one_in_use() -> None:
    assert list(listed_languages(LANGUAGES, "PT-br")) == ["  en     English", "* pt-BR  Português[2J"]


def test_nothing_chooses_none() -> None:
    assert [line[0] for line in listed_languages(LANGUAGES, None)] == [" ", " "]


def test_no_languages_are_told_in_words() -> None:
    assert list(listed_languages(Directory(), "en")) == ["the service does not say which languages it speaks"]
