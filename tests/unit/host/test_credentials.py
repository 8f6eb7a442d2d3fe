"""Secrets lie in files of their own, readable to their owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.host.credentials import STORE, store_credential
from ravatard.secret import Secret

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
    before = (tmp_path / NAME).stat()

    assert not store_credential(NAME, Secret("hush"), tmp_path)

    assert (tmp_path / NAME).stat() == before


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
