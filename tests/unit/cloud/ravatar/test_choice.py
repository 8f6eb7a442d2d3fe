"""Which avatar and which language."""

from __future__ import annotations

import pytest

from ravatard.cloud.ravatar.choice import choose_avatar, choose_language
from ravatard.errors import DeniedError
from ravatard.ports.cloud import Avatar, Directory, Language

STILL = Avatar(id="a-0", name="Statue")
AVA = Avatar(id="a-1", name="Ava", has_live_mode=True)
BOB = Avatar(id="a-2", name="Bob", has_live_mode=True)
CONNECTION = Directory(
    avatars=(STILL, AVA, BOB), languages=(Language("English", "en"), Language("German", "de-DE"))
)


@pytest.mark.parametrize(("wanted", "avatar"), [(None, AVA), ("a-2", BOB), ("Bob", BOB), ("aVA", AVA)])
def test_an_avatar_is_found_by_id_or_name_else_the_first_with_live_mode(
    wanted: str | None, avatar: Avatar
) -> None:
    assert choose_avatar(CONNECTION, wanted) == avatar


def test_an_id_goes_before_a_name() -> None:
    named_like_an_id = Avatar(id="a-9", name="a-1", has_live_mode=True)

    assert choose_avatar(Directory(avatars=(named_like_an_id, AVA)), "a-1") == AVA


@pytest.mark.parametrize("wanted", ["Eve", "Statue"])
def test_an_avatar_that_cannot_be_had_names_those_that_can(wanted: str) -> None:
    with pytest.raises(DeniedError, match=rf"'{wanted}'.*Ava, Bob"):
        choose_avatar(CONNECTION, wanted)


@pytest.mark.parametrize(("wanted", "avatar"), [(None, STILL), ("Statue", STILL), ("Bob", BOB)])
def test_in_chat_mode_every_avatar_may_be_had(wanted: str | None, avatar: Avatar) -> None:
    assert choose_avatar(CONNECTION, wanted, live=False) == avatar


@pytest.mark.parametrize(("wanted", "avatar"), [(None, AVA), ("Statue", STILL), ("Bob", BOB)])
def test_where_chat_takes_over_live_mode_is_preferred_and_not_needed(
    wanted: str | None, avatar: Avatar
) -> None:
    assert choose_avatar(CONNECTION, wanted, falls_back=True) == avatar


def test_where_chat_takes_over_no_avatar_needs_a_live_mode() -> None:
    assert choose_avatar(Directory(avatars=(STILL,)), None, falls_back=True) == STILL
    with pytest.raises(DeniedError, match=r"'Eve'.*Statue"):
        choose_avatar(Directory(avatars=(STILL,)), "Eve", falls_back=True)


def test_an_avatar_without_a_live_mode_may_be_had_in_chat_mode_and_that_is_said() -> None:
    with pytest.raises(DeniedError, match=r"ravatar\.mode to chat"):
        choose_avatar(CONNECTION, "Statue")


@pytest.mark.parametrize("live", [True, False])
def test_a_project_without_avatars_is_told_so(live: bool) -> None:
    with pytest.raises(DeniedError, match="no avatar for this project"):
        choose_avatar(Directory(), None, live=live)


def test_a_project_without_live_avatars_is_told_so() -> None:
    with pytest.raises(DeniedError, match="no avatar with a live mode"):
        choose_avatar(Directory(avatars=(STILL,)), None)
    with pytest.raises(DeniedError, match="none"):
        choose_avatar(Directory(), "Eve")


@pytest.mark.parametrize(("wanted", "code"), [("en", "en"), ("EN", "en"), ("de-de", "de-DE")])
def test_a_language_is_spelt_as_the_service_spells_it(wanted: str, code: str) -> None:
    assert choose_language(CONNECTION, wanted) == code


def test_a_language_the_service_does_not_speak_names_those_it_does() -> None:
    with pytest.raises(DeniedError, match=r"'fr'.*en, de-DE"):
        choose_language(CONNECTION, "fr")


def test_a_service_that_lists_no_languages_takes_any() -> None:
    assert choose_language(Directory(), "fr") == "fr"


@pytest.mark.parametrize("listed", ["Anna ", " Anna", "Anna\xa0", "An\u200bna", "\uff21nna", "ANNA"])
def test_a_name_is_one_name_in_every_spelling_of_blanks_and_capitals(listed: str) -> None:
    avatar = Avatar(id="a-1", name=listed, has_live_mode=True)

    assert choose_avatar(Directory(avatars=(BOB, avatar)), "Anna") == avatar


@pytest.mark.parametrize(
    ("wanted", "listed"), [("Zo\u00eb", "Zoe\u0308"), ("Zoe\u0308", "ZO\u00cb"), ("A B", "a \xa0 b")]
)
def test_a_name_is_one_name_in_both_spellings_of_unicode(wanted: str, listed: str) -> None:
    avatar = Avatar(id="a-1", name=listed, has_live_mode=True)

    assert choose_avatar(Directory(avatars=(BOB, avatar)), wanted) == avatar


def test_an_exact_name_goes_before_another_spelling() -> None:
    small = Avatar(id="a-1", name="anna", has_live_mode=True)
    exact = Avatar(id="a-2", name="Anna", has_live_mode=True)

    assert choose_avatar(Directory(avatars=(small, exact)), "Anna") == exact


@pytest.mark.parametrize(
    ("wanted", "code"), [("en-GB", "en"), ("de", "de-DE"), ("de_DE", "de-DE"), ("de-AT", "de-DE")]
)
def test_a_language_is_looked_up(wanted: str, code: str) -> None:
    assert choose_language(CONNECTION, wanted) == code
