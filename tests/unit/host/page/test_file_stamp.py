"""A file that was replaced has another stamp, and so has one that came or went."""

from __future__ import annotations

import os
from pathlib import Path

from ravatard.host.page.file_stamp import file_stamp


def test_a_file_keeps_its_stamp_until_it_is_replaced(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "b"
    missing = file_stamp(file)
    file.write_bytes(b"one")
    first = file_stamp(file)
    other.write_bytes(b"two")
    os.utime(other, ns=(0, file.stat().st_mtime_ns))
    unchanged = file_stamp(file)
    other.replace(file)

    assert first == unchanged
    assert len({missing, first, file_stamp(file)}) == 3


def test_a_link_has_the_stamp_of_its_file_or_its_own(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    link = tmp_path / "link"
    link.symlink_to("file")

    assert file_stamp(link) == file_stamp(tmp_path / "file")
    assert file_stamp(link, follow_links=False) != file_stamp(link)
