"""The file of the page's passwords on a disk."""

from __future__ import annotations

import fcntl
import stat
import threading
from pathlib import Path

import pytest

from ravatard.host.page import access_file
from ravatard.host.page.access_file import LOCK, NAME, StateAccessFile


def test_it_is_made_with_its_folder_for_its_owner_alone(tmp_path: Path) -> None:
    file = StateAccessFile(tmp_path / "state")
    before = file.stamp()

    assert file.read() is None
    file.update(lambda content: b"new" if content is None else b"wrong")

    assert file.read() == b"new"
    assert file.stamp() != before
    assert stat.S_IMODE((tmp_path / "state" / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state" / LOCK).stat().st_mode) == 0o600


def test_a_change_of_nothing_writes_nothing(tmp_path: Path) -> None:
    file = StateAccessFile(tmp_path)
    file.update(lambda _: b"old")
    before = file.stamp()

    file.update(lambda _: None)

    assert file.stamp() == before


def test_a_link_of_another_user_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"theirs")
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    file = StateAccessFile(tmp_path)

    with pytest.raises(OSError, match="symbolic links"):
        file.read()
    with pytest.raises(OSError, match="symbolic links"):
        file.update(lambda _: b"ours")

    assert (tmp_path / "elsewhere").read_bytes() == b"theirs"


def test_no_update_is_lost_between_two_writers(tmp_path: Path) -> None:
    def count() -> None:
        file = StateAccessFile(tmp_path)
        for _ in range(10):
            file.update(lambda content: b"%d" % (int(content or b"0") + 1))

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert StateAccessFile(tmp_path).read() == b"30"


def test_a_lock_that_is_never_given_back_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_file, "_LOCK_S", 0.05)
    StateAccessFile(tmp_path).update(lambda _: b"old")
    with (tmp_path / LOCK).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        with pytest.raises(BlockingIOError, match="another program keeps"):
            StateAccessFile(tmp_path).update(lambda _: b"new")

    assert (tmp_path / NAME).read_bytes() == b"old"
