"""The record of kept topics: read as written, and nothing of a damaged one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ravatard.assembly.kept_record import FILE, FileKeptRecord
from ravatard.ports.broker import KeptTopics

KEPT = KeptTopics("broker.example", 1_883, ("a/b", "a/c"))


def test_it_is_read_as_it_was_written_until_it_is_removed(tmp_path: Path) -> None:
    record = FileKeptRecord(tmp_path / "state")
    assert record.read() is None

    record.write(KEPT)
    assert record.read() == KEPT
    record.remove()
    assert record.read() is None


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b'{"host": 1, "port": 1, "topics": []}', b"[" * 8_000]
)
def test_a_damaged_one_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)

    assert FileKeptRecord(tmp_path).read() is None


def test_only_topics_are_read(tmp_path: Path) -> None:
    topics = ["a", "b/#", "c/+/d", "", 7]
    (tmp_path / FILE).write_text(json.dumps({"host": "h", "port": 1, "topics": topics}))

    assert FileKeptRecord(tmp_path).read() == KeptTopics("h", 1, ("a",))


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("a file")
    record = FileKeptRecord(tmp_path / "state")

    record.write(KEPT)
    record.remove()

    assert "is not written" in caplog.text
