"""`make board` in a copy of the repository: its tests then ask only for what its author must fill in."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.install_rig import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

NAME = "sky-board"
ROWS = "tests/house/test_boards.py"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    path = tmp_path / "copy"
    ignored = shutil.ignore_patterns("__pycache__", "fixtures", "recordings")
    for folder in ("ravatard", "hardware", "tests"):
        shutil.copytree(ROOT / folder, path / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", path)
    return path


def python(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=copy, capture_output=True, text=True, check=False, timeout=280
    )


def failing(copy: Path) -> list[str]:
    """Run the tests of the boards; returns those that failed, each with its sentence."""
    done = python(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rf", ROWS, "tests/unit/config/test_boards.py"
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return re.findall(r"^FAILED \S+::(\S+)", done.stdout, flags=re.M)


def test_a_new_board_asks_for_what_its_author_must_fill_in_and_is_then_complete(copy: Path) -> None:
    made = python(copy, "-m", "tests.make_board", NAME)
    assert made.returncode == 0, made.stderr
    board = copy / f"hardware/boards/{NAME}.yaml"
    assert f"hardware/boards/{NAME}.yaml:" in made.stdout
    assert "pi5" in made.stdout
    assert (copy / f"hardware/wiring/{NAME}.svg").exists()

    assert failing(copy) == [f"test_its_author_has_filled_in_everything[{NAME}]"]

    for path in (board, copy / "hardware/README.md"):
        filled = re.sub(r"^# FILL IN.*\n", "", path.read_text(encoding="utf-8"), flags=re.M)
        path.write_text(re.sub(r"FILL[ -]IN(: )?", "done", filled), encoding="utf-8")
    board.write_text(board.read_text().replace("27", "22"), encoding="utf-8")
    again = python(copy, "-m", "tests.make_board", NAME)
    assert again.stdout == f"hardware/wiring/{NAME}.svg is drawn\n"
    assert failing(copy) == []


@pytest.mark.parametrize("name", ["", "My Board", "../x", "a--b", "-a"])
def test_a_name_that_is_none_is_refused_with_an_example(copy: Path, name: str) -> None:
    refused = python(copy, "-m", "tests.make_board", name)

    assert refused.returncode == 1
    assert "my-board" in refused.stderr
    assert len(list((copy / "hardware/boards").iterdir())) == len(list((ROOT / "hardware/boards").iterdir()))


def test_a_file_with_a_mistake_is_reported_with_its_line_and_not_drawn(copy: Path) -> None:
    board = copy / f"hardware/boards/{NAME}.yaml"
    board.write_text("title: Sky\nsettings:\n  button: {pin: loud}\n")

    refused = python(copy, "-m", "tests.make_board", NAME)

    assert refused.returncode == 1
    assert f"{board}:3: button.pin" in refused.stderr
    assert not (copy / f"hardware/wiring/{NAME}.svg").exists()
