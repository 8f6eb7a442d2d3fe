"""``ravatard config diff``: since a listing, and since an older file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.exit_status import OWN_MEANINGS, ExitStatus
from tests.unit.cli.config.odd_files import odd_file

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


#: Content that nothing can be compared with.
WRONG = {
    "note of a play": b"none",
    "bytes": b"\xff",
    "cut listing": b"{gate: [",
    "unknown key": b"gate: {silense_ms: 800}",
}


def laid(folder: Path, kind: str) -> str:
    """Return a file of a kind that nothing can be compared with."""
    if kind not in WRONG:
        return odd_file(folder, kind)
    file = folder / "compared"
    file.write_bytes(WRONG[kind])
    return str(file)


@pytest.mark.parametrize(
    "kind",
    [
        *("missing", "folder", "socket", "loop", "note of a play", "bytes", "cut listing", "unknown key"),
        *("/dev/zero", "two lines", "long"),
    ],
)
@pytest.mark.parametrize("words", [(), ("--json",)], ids=["people", "programs"])
def test_what_cannot_be_compared_with_is_no_mistake_of_the_settings(
    files: tuple[Path, Path],
    tmp_path: Path,
    kind: str,
    words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A program tells it from settings that must be corrected (78)."""
    old = laid(tmp_path, kind)

    status = main(["config", "diff", old, "--config", str(files[1]), *words])

    printed = capsys.readouterr()
    assert status == ExitStatus.FAILED
    assert status in OWN_MEANINGS["config diff"]
    assert printed.out == ""
    assert printed.err.startswith("ravatard: ")
    assert "Errno" not in printed.err


@pytest.mark.parametrize("kind", ["missing", "unknown key"])
def test_a_mistake_in_the_settings_of_now_comes_first(
    files: tuple[Path, Path], tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files[1].write_text("gate: {longest_s: never}")

    assert main(["config", "diff", laid(tmp_path, kind), "--config", str(files[1])]) == ExitStatus.CONFIG
    assert "gate.longest_s" in capsys.readouterr().err


def test_an_older_configuration_that_comes_by_a_pipe(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """As of `config diff <(git show HEAD:ravatard.yaml)`; it can be read only once."""
    read_end, write_end = os.pipe()
    os.write(write_end, OLD.encode())
    os.close(write_end)

    status = main(["config", "diff", f"/dev/fd/{read_end}", "--config", str(files[1]), "--json"])

    os.close(read_end)
    assert status == ExitStatus.DONE
    assert json.loads(capsys.readouterr().out)["keys"] == [
        "service.project_id",
        "gate.longest_s",
        "session.keep",
    ]


def test_a_missing_file_is_refused_with_the_way_to_make_one(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["config", "diff", str(tmp_path / "old.json"), "--config", str(files[1])])

    error = capsys.readouterr().err
    assert f"there is no {tmp_path}/old.json; `ravatard config show --json > FILE`" in error.replace(
        ".venv/bin/", ""
    )
