"""``ravatard config diff``: since a listing, and since an older file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ravatard.cli import main

OLD = "service: {project_id: one}\ngate: {longest_s: 20}\n"
NEW = "service: {project_id: two}\ngate: {longest_s: 30}\nsession: {keep: always}\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(OLD)
    new.write_text(NEW)
    return old, new


def test_keys_and_what_they_need_since_a_file(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = files

    assert main(["config", "diff", str(old), "--config", str(new), "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "schema": 1,
        "restart": True,
        "reload": True,
        "keys": ["service.project_id", "gate.longest_s", "session.keep"],
        "changes": [
            {"key": "service.project_id", "old": {"set": True}, "new": {"set": True}, "needs": "restart"},
            {"key": "gate.longest_s", "old": 20.0, "new": 30.0, "needs": "restart"},
            {"key": "session.keep", "old": "on-need", "new": "always", "needs": "reload"},
        ],
    }


def test_since_a_listing_a_changed_secret_cannot_be_seen(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = files
    main(["config", "show", "--json", "--config", str(old)])
    listing = tmp_path / "old.json"
    listing.write_text(capsys.readouterr().out)

    assert main(["config", "diff", str(listing), "--config", str(new)]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "gate.longest_s: 20.0 -> 30.0 (restart)",
        'session.keep: "on-need" -> "always" (reload)',
    ]


def test_a_key_that_an_older_listing_lacks_had_its_default(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing = tmp_path / "old.json"
    listing.write_text('{"gate": {"longest_s": {"value": 30.0}}, "session": 7}')

    main(["config", "diff", str(listing), "--config", str(files[1]), "--json"])

    assert json.loads(capsys.readouterr().out)["keys"] == ["service.project_id", "session.keep"]


def test_nothing_differs_from_itself(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    _, new = files

    assert main(["config", "diff", str(new), "--config", str(new)]) == 0
    assert capsys.readouterr().out == "nothing differs\n"


def test_a_file_in_braces_is_a_file(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    old, _ = files
    old.write_text("{gate: {longest_s: 20}}")

    assert main(["config", "diff", str(old), "--config", str(old)]) == 0
    assert capsys.readouterr().out == "nothing differs\n"


@pytest.mark.parametrize("content", [b"\xff", b"{gate: ["])
def test_what_is_no_configuration_is_refused(
    files: tuple[Path, Path], content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = files
    old.write_bytes(content)

    assert main(["config", "diff", str(old), "--config", str(new)]) == 78
    assert capsys.readouterr().err


def test_a_missing_file_is_refused_with_the_way_to_make_one(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "diff", str(tmp_path / "old.json"), "--config", str(files[1])]) == 78

    error = capsys.readouterr().err
    assert f"there is no {tmp_path}/old.json; `ravatard config show --json > FILE`" in error.replace(
        ".venv/bin/", ""
    )
    assert "Errno" not in error
