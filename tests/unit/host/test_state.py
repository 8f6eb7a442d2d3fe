"""Where state is kept: said by a person, by systemd, by the system, or at home."""

from __future__ import annotations

from pathlib import Path

from ravatard.host.state import SYSTEM, state_directory


def test_what_a_person_names_is_taken(tmp_path: Path) -> None:
    environ = {"STATE_DIRECTORY": "/var/lib/private/ravatard", "HOME": "/nowhere"}

    assert state_directory(environ, tmp_path) == tmp_path


def test_systemd_says_it_in_the_environment() -> None:
    assert state_directory({"STATE_DIRECTORY": "/var/lib/one:/var/lib/two"}) == Path("/var/lib/one")


def test_the_services_own_is_taken_when_we_may_write_there(tmp_path: Path) -> None:
    assert state_directory({"HOME": "/nowhere"}, system=tmp_path) == tmp_path


def test_anybody_else_keeps_it_at_home(tmp_path: Path) -> None:
    environ = {"HOME": "/a/person", "STATE_DIRECTORY": "", "XDG_STATE_HOME": "relative"}

    found = state_directory(environ, system=tmp_path / "missing")

    assert found == Path("/a/person/.local/state/ravatard")


def test_a_home_may_have_its_state_elsewhere(tmp_path: Path) -> None:
    environ = {"HOME": "/a/person", "XDG_STATE_HOME": "/a/disk"}

    assert state_directory(environ, system=tmp_path / "missing") == Path("/a/disk/ravatard")


def test_without_any_environment_there_is_a_place_all_the_same(tmp_path: Path) -> None:
    found = state_directory({}, system=tmp_path / "missing")

    assert found.is_absolute()
    assert found.name == "ravatard"


def test_the_system_has_one_place_for_it() -> None:
    assert Path("/var/lib/ravatard") == SYSTEM
