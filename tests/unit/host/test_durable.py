"""A file is replaced whole, with the old one's mode, and through a link; a failure leaves the old one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ravatard.host.boot_file import BootPartition
from ravatard.host.credentials import store_credential
from ravatard.host.durable import (
    keep_copy,
    make_directory,
    remove_file,
    replace_file,
    sync_directory,
    write_all,
)
from ravatard.secret import Secret


def test_a_new_file_has_the_mode_that_was_asked_for_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        replace_file(tmp_path / "a", b"new", mode=0o644)
    finally:
        os.umask(before)

    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o644


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "a").chmod(0o640)

    replace_file(tmp_path / "a", b"new")

    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_replaced_file_keeps_its_owner(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    os.chown(tmp_path / "a", 12_345, 54_321)

    replace_file(tmp_path / "a", b"new")

    found = (tmp_path / "a").stat()
    assert (found.st_uid, found.st_gid) == (12_345, 54_321)


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real = tmp_path / "elsewhere" / "real"
    real.write_text("old")
    (tmp_path / "a").symlink_to(real)

    replace_file(tmp_path / "a", b"new")

    assert (tmp_path / "a").is_symlink()
    assert real.read_bytes() == b"new"


def test_what_a_power_cut_left_is_no_obstacle_and_no_way_elsewhere(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "a.new").symlink_to(victim)

    replace_file(tmp_path / "a", b"new")

    assert ((tmp_path / "a").read_bytes(), victim.read_text()) == (b"new", "mine")


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    # A directory cannot be replaced by a file, whoever asks.
    (tmp_path / "a" / "old").mkdir(parents=True)

    with pytest.raises(OSError, match="a"):
        replace_file(tmp_path / "a", b"new")

    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a" / "old").is_dir()


def test_a_copy_has_content_and_mode_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("now")
    path.chmod(0o600)
    (tmp_path / "a.yaml.bak").write_text("long ago")

    copy = keep_copy(path, ".bak")

    assert copy == tmp_path / "a.yaml.bak"
    assert (copy.read_text(), path.read_text()) == ("now", "now")


def test_of_nothing_there_is_no_copy(tmp_path: Path) -> None:
    assert keep_copy(tmp_path / "a", ".bak") is None
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_is_full_is_an_error(tmp_path: Path) -> None:
    file = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(OSError, match="No space left"):
            write_all(file, b"x")
    finally:
        os.close(file)


def test_a_directory_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_directory(tmp_path / "none")


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the disk, in order: names of files and directories, and each change of a name."""
    found: list[str] = []
    fsync, replace, unlink = os.fsync, Path.replace, Path.unlink

    def on_fsync(fd: int) -> None:
        found.append(f"sync {Path(f'/proc/self/fd/{fd}').readlink().name}")
        fsync(fd)

    def on_replace(path: Path, target: Path) -> Path:
        found.append(f"name {path.name} {Path(target).name}")
        return replace(path, target)

    def on_unlink(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok)
        found.append(f"remove {path.name}")

    monkeypatch.setattr(os, "fsync", on_fsync)
    monkeypatch.setattr(Path, "replace", on_replace)
    monkeypatch.setattr(Path, "unlink", on_unlink)
    return found


def test_a_file_is_on_the_disk_before_its_name_and_its_name_before_the_return(
    tmp_path: Path, synced: list[str]
) -> None:
    (tmp_path / "folder").mkdir()

    replace_file(tmp_path / "folder" / "a", b"new")

    assert synced[-3:] == ["sync a.new", "name a.new a", "sync folder"]


def test_a_directory_is_on_the_disk_with_each_parent_that_was_missing(
    tmp_path: Path, synced: list[str]
) -> None:
    before = os.umask(0o077)
    try:
        make_directory(tmp_path / "one" / "two", 0o755)
    finally:
        os.umask(before)

    assert synced == [f"sync {tmp_path.name}", "sync one"]
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("one", "one/two")] == [0o755, 0o755]


def test_a_directory_that_is_there_is_left_alone(tmp_path: Path, synced: list[str]) -> None:
    tmp_path.chmod(0o711)

    make_directory(tmp_path, 0o755)

    assert (synced, tmp_path.stat().st_mode & 0o777) == ([], 0o711)


def test_a_removed_file_is_gone_for_good(tmp_path: Path, synced: list[str]) -> None:
    (tmp_path / "a").touch()

    remove_file(tmp_path / "a")
    remove_file(tmp_path / "a")

    assert [one for one in synced if one.startswith("sync")] == [f"sync {tmp_path.name}"]
    assert synced.index("remove a") < synced.index(f"sync {tmp_path.name}")


def test_of_every_writer_of_settings_each_change_of_a_name_is_followed_by_its_directory(
    tmp_path: Path, synced: list[str]
) -> None:
    """Credentials, the mute, the volume, notes on the boot partition: after the last name comes a sync."""
    store_credential("ravatard.service.project_id", Secret("p"), tmp_path / "etc" / "credstore")
    assert synced[-1] == "sync credstore"
    assert "sync etc" in synced
    partition = BootPartition(tmp_path)
    partition.write_errors(["wrong"])
    assert synced[-1] == f"sync {tmp_path.name}"
    partition.write_done(["right"])
    assert synced[-2:] == ["remove ravatard-errors.txt", f"sync {tmp_path.name}"]
