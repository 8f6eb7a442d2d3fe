"""Questions about the service: each kind is asked in its own words, at its own address."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.cli.setup.service import is_written
from ravatard.config import load
from ravatard.errors import AuthError, LinkError, RavatardError
from ravatard.secret import Secret
from tests.unit.cli.setup.test_dialogue import ENTER_ALL, Visit, texts


def test_only_a_setting_of_a_file_can_be_taken_out(tmp_path: Path) -> None:
    main = tmp_path / "ravatard.yaml"
    main.write_text("service: {avatar: Ada}\n")
    loaded = load(main, {"RAVATARD_SERVICE__LANGUAGE": "de"})

    dotted = ("service.avatar", "service.language", "service.base_url")
    assert [is_written(loaded, one) for one in dotted] == [True, False, False]


def test_an_avatar_api_is_asked_for_by_its_address_and_key(tmp_path: Path) -> None:
    visit = Visit(tmp_path, kind="avatar")

    wishes = visit.answered("http://avatar.lan:8000/v1", "ada", *ENTER_ALL[1:], project="a-key")

    assert texts(wishes)["service.kind"] == "avatar"
    assert texts(wishes)["service.base_url"] == "http://avatar.lan:8000/v1"
    assert texts(wishes)["service.avatar"] == "ada"
    assert wishes.secrets == {"ravatard.service.api_key": Secret("a-key")}
    assert visit.town.projects == []


def test_enter_everywhere_leaves_an_avatar_api_as_it_is(tmp_path: Path) -> None:
    visit = Visit(tmp_path, "service: {kind: avatar, base_url: 'http://avatar.lan:8000'}\n")

    assert visit.answered("", *ENTER_ALL).names == ()


def test_an_avatar_api_is_asked_and_says_its_version(tmp_path: Path) -> None:
    visit = Visit(tmp_path, kind="avatar")

    visit.answered("http://avatar.lan:8000/v1", "ada", *ENTER_ALL[1:], project="a-key")

    assert visit.town.asked == [("avatar", "http://avatar.lan:8000/v1", "a-key")]
    assert "Asking http://avatar.lan:8000/v1 …" in visit.seen
    assert "  it answers (version 1.0.0)" in visit.seen


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            LinkError("cannot reach avatar.lan (Connection refused)"),
            "  cannot reach avatar.lan (Connection ref",
        ),
        (
            AuthError("the service refuses the key (401)"),
            "  it refuses this key: the service refuses the key",
        ),
    ],
)
def test_an_avatar_api_that_does_not_answer_is_asked_for_again_or_kept(
    tmp_path: Path, error: RavatardError, says: str
) -> None:
    visit = Visit(tmp_path, kind="avatar")
    visit.town.greetings = [error, error]

    wishes = visit.answered(
        "http://wrong.lan:8000", "", "http://avatar.lan:8000", "y", "", *ENTER_ALL[1:], project="a-key"
    )

    assert texts(wishes)["service.base_url"] == "http://avatar.lan:8000"
    assert any(line.startswith(says) for line in visit.seen)
    assert any("Keep address and key all the same? [y/N]" in line for line in visit.seen)


def test_ravatars_address_is_refused_as_an_avatar_apis(tmp_path: Path) -> None:
    visit = Visit(tmp_path, kind="avatar")

    wishes = visit.answered("https://chat.rvtr.ai", "http://avatar.lan:8000", "", *ENTER_ALL[1:])

    assert texts(wishes)["service.base_url"] == "http://avatar.lan:8000"
    assert any("https://chat.rvtr.ai is RAVATAR's" in line for line in visit.seen)


def test_another_kind_is_asked_at_its_own_address_without_the_old_ones_avatar(tmp_path: Path) -> None:
    old = "service: {kind: avatar, base_url: 'http://avatar.lan:8000/v1', avatar: their-id}\n"
    visit = Visit(tmp_path, old, kind="ravatar")

    wishes = visit.answered(*ENTER_ALL)

    assert visit.town.asked == [("ravatar", "https://chat.rvtr.ai", None)]
    assert texts(wishes) == {"service.kind": "ravatar", "service.base_url": None, "service.avatar": ""}


def test_an_avatar_api_in_the_place_of_ravatar_has_the_address_of_its_kind(tmp_path: Path) -> None:
    old = "service: {base_url: 'https://chat.rvtr.ai', avatar: Ada}\n"
    visit = Visit(tmp_path, old, kind="avatar")

    wishes = visit.answered("", "", *ENTER_ALL[1:])

    assert visit.town.asked == [("avatar", "http://localhost:8000/v1", None)]
    assert texts(wishes) == {"service.kind": "avatar", "service.base_url": None, "service.avatar": ""}
