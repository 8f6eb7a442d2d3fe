from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ravatard.host.ring import FILE_BYTES, FILES, Ring, parts


def _contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for _, path in parts(folder)]


def _fill(ring: Ring, lines: int) -> None:
    for number in range(lines):
        line = b"%09d\n" % number
        ring.make_room(len(line))
        ring.append(line)


@contextmanager
def _disk_full_at(size: int) -> Iterator[None]:
    """No file may grow beyond ``size``: the kernel writes what fits, and then refuses, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_folder_is_made_and_lines_follow_each_other(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "state" / "recorder")

    ring.append(b"one\n")
    ring.append(b"two\n")

    assert _contents(tmp_path / "state" / "recorder") == [b"one\ntwo\n"]
    assert ring.size == 8


def test_the_newest_is_kept_and_the_limit_holds_at_every_moment(tmp_path: Path) -> None:
    ring = Ring(tmp_path, file_bytes=100, files=4)
    for number in range(200):
        line = b"%09d\n" % number
        ring.make_room(len(line))
        ring.append(line)
        assert sum(map(len, _contents(tmp_path))) <= 400

    written = b"".join(_contents(tmp_path)).split()
    assert written == [b"%09d" % number for number in range(160, 200)]
    assert [number for number, _ in parts(tmp_path)] == [17, 18, 19, 20]


def test_all_of_it_is_a_megabyte_at_most() -> None:
    assert FILES * FILE_BYTES <= 1_000_000


def test_another_process_goes_on_in_the_newest_file(tmp_path: Path) -> None:
    first = Ring(tmp_path, file_bytes=100)
    _fill(first, 15)
    first.close()

    second = Ring(tmp_path, file_bytes=100)
    second.make_room(10)
    second.append(b"after\n")

    assert _contents(tmp_path)[-1].endswith(b"000000014\nafter\n")
    assert second.newest() == _contents(tmp_path)[-1]


def test_a_torn_tail_does_not_spoil_the_next_line(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    ring.append(b"whole\nhal")
    ring.close()

    ring.append(b"next\n")

    assert _contents(tmp_path) == [b"whole\nhal\nnext\n"]


def test_a_full_disk_is_an_error_and_what_follows_begins_on_its_own_line(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    ring.append(b"12345\n")
    with _disk_full_at(10), pytest.raises(OSError, match="File too large"):
        ring.append(b"abcdefgh\n")

    ring.append(b"next\n")

    assert _contents(tmp_path) == [b"12345\nabcd\nnext\n"]


def test_a_file_is_never_empty_because_a_line_is_longer_than_a_file(tmp_path: Path) -> None:
    ring = Ring(tmp_path, file_bytes=10)

    ring.make_room(100)
    ring.append(b"x" * 20 + b"\n")
    ring.make_room(1)
    ring.append(b"y\n")

    assert [number for number, _ in parts(tmp_path)] == [1, 2]


def test_a_folder_that_cannot_be_had_is_an_error_every_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ring = Ring(tmp_path / "file" / "recorder")

    for _ in range(2):
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
            ring.append(b"one\n")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (tmp_path / "ring").mkdir()
    (tmp_path / "ring" / "flight-000000001.log").symlink_to(target)

    with pytest.raises(OSError, match="symbolic links"):
        Ring(tmp_path / "ring").append(b"one\n")

    assert target.read_bytes() == b"precious"


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_text("{}")
    (tmp_path / "flight-1.log").touch()

    _fill(Ring(tmp_path, file_bytes=20, files=2), 20)

    assert (tmp_path / "ledger.json").exists()
    assert (tmp_path / "flight-1.log").exists()
    assert len(parts(tmp_path)) == 2


def test_hastening_and_closing_are_harmless_at_any_time(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    ring.hasten()
    ring.close()
    assert ring.newest() == b""

    ring.append(b"one\n")
    ring.hasten()
    ring.close()
    ring.close()

    assert _contents(tmp_path) == [b"one\n"]
