"""Note of an upgrade that was taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.installation import rolled_back


def test_an_upgrade_that_was_taken_back_is_told_with_both_versions_and_the_reason(tmp_path: Path) -> None:
    note = tmp_path / "rolled-back"
    note.write_text(
        '{"from": "0.3.0+deb12", "to": "0.2.0+deb12", "because": "it ended 5 times, with status 1"}\n'
    )

    said = rolled_back(note)

    assert said.startswith(
        "rolled back from 0.3.0+deb12 to 0.2.0+deb12 because it ended 5 times, with status 1;"
    )
    assert "journalctl -u ravatard-upgrade-check" in said


@pytest.mark.parametrize("text", [None, "", "[]", '{"from": "1"}', "\xff\xfe", '"rolled"'])
def test_nothing_is_told_without_a_note_or_with_one_that_cannot_be_read(
    tmp_path: Path, text: str | None
) -> None:
    note = tmp_path / "rolled-back"
    if text is not None:
        note.write_text(text, encoding="latin-1")

    assert rolled_back(note) == ""
