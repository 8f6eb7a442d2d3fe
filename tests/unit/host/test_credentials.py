"""Secrets lie in files of their own, readable to their owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.host.credentials import STORE, keep_for_the_end, store_credential, with_credentials
from ravatard.secret import Secret
from tests.assertions import as_written

NAME = "ravatard.service.project_id"


def test_the_store_is_where_systemd_looks() -> None:
    assert Path("/etc/credstore") == STORE


def test_a_secret_is_kept_for_its_owner_alone_in_a_directory_nobody_lists(tmp_path: Path) -> None:
    store = tmp_path / "credstore"

    assert store_credential(NAME, Secret("hush"), store)

    assert (store / NAME).read_text() == "hush"
    assert (store / NAME).stat().st_mode & 0o7777 == 0o600
    assert store.stat().st_mode & 0o7777 == 0o700


def test_the_same_secret_again_changes_nothing(tmp_path: Path) -> None:
    store_credential(NAME, Secret("hush"), tmp_path)
    before = as_written(tmp_path / NAME)

    assert not store_credential(NAME, Secret("hush"), tmp_path)

    assert as_written(tmp_path / NAME) == before


def test_a_new_secret_replaces_the_old_one(tmp_path: Path) -> None:
    store_credential(NAME, Secret("hush"), tmp_path)

    assert store_credential(NAME, Secret("other"), tmp_path)

    assert (tmp_path / NAME).read_text() == "other"


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("hush")
    (tmp_path / NAME).chmod(0o644)

    assert store_credential(NAME, Secret("hush"), tmp_path)

    assert (tmp_path / NAME).stat().st_mode & 0o7777 == 0o600


def test_a_link_is_replaced_and_what_it_named_stays(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / NAME).symlink_to(victim)

    store_credential(NAME, Secret("hush"), tmp_path)

    assert victim.read_text() == "mine"
    assert not (tmp_path / NAME).is_symlink()
    assert (tmp_path / NAME).stat().st_mode & 0o7777 == 0o600


def test_a_store_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")

    with pytest.raises(OSError, match="store"):
        store_credential(NAME, Secret("hush"), tmp_path / "store")


def service(tmp_path: Path) -> dict[str, str]:
    """The environment systemd gives the service, its credentials with one secret in them."""
    for folder in ("credentials", "runtime"):
        (tmp_path / folder).mkdir()
    (tmp_path / "credentials" / NAME).write_text("hush")
    return {
        "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"),
        "RUNTIME_DIRECTORY": f"{tmp_path / 'runtime'}:/run/another",
    }


def test_a_command_of_the_service_has_the_services_credentials(tmp_path: Path) -> None:
    environ = service(tmp_path)

    assert with_credentials(environ, tmp_path) == environ


def test_where_systemd_hides_them_the_kept_ones_are_found(tmp_path: Path) -> None:
    environ = service(tmp_path)
    keep_for_the_end(environ)
    hidden = environ | {"CREDENTIALS_DIRECTORY": str(tmp_path / "hidden")}

    kept = Path(with_credentials(hidden, tmp_path)["CREDENTIALS_DIRECTORY"])

    assert {file.name: file.read_text() for file in kept.iterdir()} == {NAME: "hush"}
    assert kept.parent == tmp_path / "runtime"
    assert kept.stat().st_mode & 0o7777 == 0o700
    assert (kept / NAME).stat().st_mode & 0o7777 == 0o600


def test_hidden_credentials_that_were_not_kept_are_none_and_the_store_is_not_asked(tmp_path: Path) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "hidden"), "STATE_DIRECTORY": "/state"}

    assert with_credentials(environ, tmp_path) == {"STATE_DIRECTORY": "/state"}


def test_by_hand_the_store_is_read_if_it_may_be(tmp_path: Path) -> None:
    assert with_credentials({"HOME": "/"}, tmp_path) == {
        "HOME": "/",
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }
    assert with_credentials({"HOME": "/"}, tmp_path / "none") == {"HOME": "/"}


def test_a_credential_that_was_taken_back_is_kept_no_longer(tmp_path: Path) -> None:
    environ = service(tmp_path)
    keep_for_the_end(environ)
    (tmp_path / "credentials" / NAME).rename(tmp_path / "credentials" / "ravatard.service.other")

    keep_for_the_end(environ)

    assert [file.name for file in (tmp_path / "runtime" / "credentials").iterdir()] == [
        "ravatard.service.other"
    ]


@pytest.mark.parametrize("missing", ["CREDENTIALS_DIRECTORY", "RUNTIME_DIRECTORY"])
def test_outside_a_service_nothing_is_kept(tmp_path: Path, missing: str) -> None:
    environ = service(tmp_path)
    del environ[missing]

    keep_for_the_end(environ)

    assert not list((tmp_path / "runtime").iterdir())


def test_credentials_that_cannot_be_kept_are_an_error(tmp_path: Path) -> None:
    environ = service(tmp_path)
    (tmp_path / "runtime" / "credentials").write_text("a file")

    with pytest.raises(OSError, match="credentials"):
        keep_for_the_end(environ)
