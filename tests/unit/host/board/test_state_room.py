"""A disk that is full, or may not be written, is told; and looked at rarely."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ravatard.host.board.state_room import FULL_BYTES, LOOKED_AT_EVERY_S, StateRoom, existing

_BLOCK = 4_096


class Disk:
    """A file system with figures of its own, and a clock."""

    def __init__(self, *, free: int = 1 << 30, files: tuple[int, int] = (1_000, 900), flags: int = 0) -> None:
        self.free, self.files, self.flags = free, files, flags
        self.now = 0.0
        self.looked: list[Path] = []

    def look(self, path: Path) -> os.statvfs_result:
        self.looked.append(path)
        blocks = self.free // _BLOCK
        files, left = self.files
        return os.statvfs_result((_BLOCK, _BLOCK, blocks, blocks, blocks, files, left, left, self.flags, 255))

    def clock(self) -> float:
        return self.now


def told(disk: Disk, folder: Path) -> str:
    (sentence,) = StateRoom(folder, disk.clock, disk.look).faults()
    return sentence


def test_a_disk_with_room_is_no_fault(tmp_path: Path) -> None:
    disk = Disk(free=FULL_BYTES)

    assert StateRoom(tmp_path, disk.clock, disk.look).faults() == ()
    assert StateRoom(tmp_path).faults() == (), "so does this machine's"


def test_a_full_disk_is_told_with_what_is_left_and_what_to_type(tmp_path: Path) -> None:
    sentence = told(Disk(free=2 << 20), tmp_path)

    assert f"the disk is full (2 MB free at {tmp_path})" in sentence
    assert "`sudo apt clean; sudo journalctl --vacuum-size=20M`" in sentence


@pytest.mark.parametrize(("files", "is_fault"), [((1_000, 0), True), ((1_000, 1), False), ((0, 0), False)])
def test_a_disk_without_room_for_another_file_is_full_too(
    files: tuple[int, int], is_fault: bool, tmp_path: Path
) -> None:
    disk = Disk(files=files)

    found = StateRoom(tmp_path, disk.clock, disk.look).faults()

    assert [("no room for another file" in one) for one in found] == [True] * is_fault


def test_a_read_only_file_system_is_told(tmp_path: Path) -> None:
    assert "mounted read-only" in told(Disk(flags=os.ST_RDONLY), tmp_path)


def test_a_directory_of_another_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Also where root runs the tests, who may write anywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    assert f"{tmp_path} may not be written by this user" in told(Disk(), tmp_path)


def test_a_disk_that_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    def gone(path: Path) -> os.statvfs_result:
        raise OSError(5, "Input/output error")

    assert "cannot be looked at (Input/output error)" in StateRoom(tmp_path, look=gone).faults()[0]


def test_it_is_looked_at_twice_a_minute_however_often_it_is_asked_for(tmp_path: Path) -> None:
    disk = Disk(free=0)
    room = StateRoom(tmp_path, disk.clock, disk.look)
    for _ in range(100):
        assert room.faults()
    disk.free = 1 << 30
    disk.now = LOOKED_AT_EVERY_S - 0.1
    assert room.faults()
    disk.now = LOOKED_AT_EVERY_S

    assert room.faults() == ()
    assert len(disk.looked) == 2


def test_before_the_directory_is_made_its_nearest_parent_is_looked_at(tmp_path: Path) -> None:
    disk = Disk()

    StateRoom(tmp_path / "not" / "yet", disk.clock, disk.look).faults()

    assert disk.looked == [tmp_path]
    assert existing(Path("relative/nowhere")) == Path()
