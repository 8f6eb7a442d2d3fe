"""A release: prepared by one command, and built only when everything agrees."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_made: dict[str, Any] = runpy.run_path(str(ROOT / "systemd/install/release.py"))
prepare: Callable[[Path, str, str], None] = _made["prepare"]
problems: Callable[[Path], Iterator[str]] = _made["problems"]
main: Callable[[Path, str, str], int] = _made["main"]
ReleaseError: type[Exception] = _made["ReleaseError"]

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- New.\n\n## [0.1.0] - 2026-11-20\n\n- Old.\n"
DAY = "2026-12-01"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree on the way to 0.2.0, all of it committed."""
    for name, text in {
        "pyproject.toml": '[project]\nname = "ravatard"\nversion = "0.2.0"\n',
        "ravatard/__init__.py": '"""A program."""\n\n__version__ = "0.2.0"\n',
        "config/fleet/galaxy.yml": "---\nname: fleet\nversion: 0.2.0\nreadme: README.md\n",
        "CHANGELOG.md": CHANGELOG,
        "README.md": "Install ravatard_0.2.0+deb12_arm64.deb.\n",
        "systemd/README.md": "Python 3.11.2\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(tree: Path, *words: str) -> None:
    environ = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    subprocess.run(
        ["git", "-C", tree, "-c", "user.name=A", "-c", "user.email=a@example.com", *words],
        env=environ,
        capture_output=True,
        check=True,
        timeout=60,
    )


def commit(tree: Path) -> None:
    git(tree, "add", "--all")
    git(tree, "commit", "--message", "A change")


def test_a_release_is_prepared_committed_tagged_and_then_complete(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tree, "0.3.0", DAY) == 0
    assert "git tag v0.3.0" in capsys.readouterr().out
    commit(tree)
    git(tree, "tag", "v0.3.0")
    (tree / "README.md").write_text("Nothing is named here.\n")
    commit(tree)
    git(tree, "tag", "--force", "v0.3.0")

    assert list(problems(tree)) == []
    assert main(tree, "", DAY) == 0
    text = (tree / "CHANGELOG.md").read_text()
    assert "## [Unreleased]\n\n## [0.3.0] - 2026-12-01\n\n### Added\n\n- New.\n\n## [0.1.0]" in text
    assert 'version = "0.3.0"' in (tree / "pyproject.toml").read_text()
    assert '__version__ = "0.3.0"' in (tree / "ravatard/__init__.py").read_text()
    assert "name: fleet\nversion: 0.3.0\n" in (tree / "config/fleet/galaxy.yml").read_text()


@pytest.mark.parametrize(
    ("number", "reason"),
    [("0.2", "not of the form"), ("v0.2.0", "not of the form"), ("0.1.0", "is released already")],
)
def test_a_number_that_cannot_be_released_changes_nothing(tree: Path, number: str, reason: str) -> None:
    with pytest.raises(ReleaseError, match=reason):
        prepare(tree, number, DAY)

    assert (tree / "CHANGELOG.md").read_text() == CHANGELOG


def test_a_tree_that_says_no_version_somewhere_is_not_changed(tree: Path) -> None:
    (tree / "config/fleet/galaxy.yml").write_text("name: fleet\n")
    commit(tree)

    with pytest.raises(ReleaseError, match=r"config/fleet/galaxy\.yml says no version"):
        prepare(tree, "0.3.0", DAY)

    assert not any("files are changed" in one for one in problems(tree))


def test_without_anything_new_nothing_is_released(tree: Path) -> None:
    prepare(tree, "0.2.0", DAY)

    with pytest.raises(ReleaseError, match="nothing unreleased"):
        prepare(tree, "0.3.0", DAY)


def test_everything_that_does_not_agree_is_named(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "README.md").write_text("See ravatard 0.1.0.\n")

    assert main(tree, "", DAY) == 1

    assert capsys.readouterr().err.splitlines() == [
        "no release: different versions: pyproject.toml 0.2.0, ravatard/__init__.py 0.2.0, "
        "config/fleet/galaxy.yml 0.2.0, CHANGELOG.md 0.1.0",
        "no release: CHANGELOG.md still has something unreleased",
        "no release: README.md names version 0.1.0",
        "no release: files are changed and not committed",
        "no release: the commit has no tag v0.2.0",
    ]


def test_our_own_tree_can_be_prepared(tmp_path: Path) -> None:
    numbered = ("pyproject.toml", "ravatard/__init__.py", "config/fleet/galaxy.yml")
    for name in (*numbered, "CHANGELOG.md", "README.md", "systemd/README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)

    prepare(tmp_path, "99.0.0", DAY)

    found = list(problems(tmp_path))
    assert [one for one in found if "tag" not in one] == []
