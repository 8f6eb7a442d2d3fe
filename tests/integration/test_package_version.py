"""The package's version: each commit's is higher than the one before it, in dpkg's own order."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.install_rig import PATH, SCRIPTS, script, small_environment

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]

#: This machine's, as every version ends with it.
SUITE = f"+{script('version.sh', '1').stdout.strip().partition('+')[2]}"
#: Nothing of this machine's settings, and a commit's time is given.
GIT = {
    "PATH": PATH,
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "HOME": "/nonexistent",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree with one commit."""
    tree = tmp_path / "tree"
    (tree / "systemd/install").mkdir(parents=True)
    shutil.copy(SCRIPTS / "version.sh", tree / "systemd/install")
    (tree / "pyproject.toml").write_text('[project]\nversion = "0.1.0"\n')
    (tree / "CHANGELOG.md").touch()
    (tmp_path / "os-release").write_text("ID=debian\nVERSION_ID=12\n")
    git(tree, "init", "--quiet")
    commit(tree, "2026-11-29T14:32:05Z")
    return tree


def git(tree: Path, *words: str, **environ: str) -> str:
    done = subprocess.run(
        ["git", "-C", tree, "-c", "user.name=A", "-c", "user.email=a@example.com", *words],
        env=GIT | environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def commit(tree: Path, when: str) -> str:
    """Make one; returns the beginning of its name."""
    git(tree, "add", "--all")
    git(
        tree,
        "commit",
        "--allow-empty",
        "--message",
        "A change",
        GIT_COMMITTER_DATE=when,
        GIT_AUTHOR_DATE=when,
    )
    return git(tree, "rev-parse", "--short=7", "HEAD")


def version(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tree / "systemd/install/version.sh", *words],
        env=GIT | {"OS_RELEASE": str(tree.parent / "os-release")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def lower(one: str, other: str) -> bool:
    return (
        subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False, timeout=60).returncode
        == 0
    )


def test_a_commit_has_its_time_its_name_and_the_debian_it_is_built_for(tree: Path) -> None:
    name = git(tree, "rev-parse", "--short=7", "HEAD")

    assert version(tree).stdout == f"0.1.0~git20261129143205.{name}+deb12\n"
    assert version(tree, "seconds").stdout == "1795962725\n"


def test_each_commit_is_higher_than_those_before_it_also_on_one_day(tree: Path) -> None:
    versions = ["0.0.9+deb13"]
    for when in (
        "2026-11-29T14:32:06Z",
        "2026-11-29T22:00:00+02:00",
        "2026-11-30T01:30:00+02:00",
        "2027-01-01T00:00:00Z",
    ):
        commit(tree, when)
        versions.append(version(tree).stdout.strip())
    (tree / "pyproject.toml").write_text('version = "0.1.1"\n')
    commit(tree, "2027-01-01T00:00:01Z")
    versions.append(version(tree).stdout.strip())

    assert [pair for pair in pairwise(versions) if not lower(*pair)] == []
    git(tree, "tag", "v0.1.1")
    versions.append(version(tree).stdout.strip())
    commit(tree, "2027-01-01T00:00:02Z")
    versions.append(version(tree).stdout.strip())
    (tree / "pyproject.toml").write_text('version = "0.1.2"\n')
    commit(tree, "2027-01-01T00:00:03Z")
    versions.append(version(tree).stdout.strip())

    assert [pair for pair in pairwise(versions) if not lower(*pair)] == []
    assert [one.partition("+deb")[0].partition("git")[0] for one in versions[-4:]] == [
        "0.1.1~",
        "0.1.1",
        "0.1.1+",
        "0.1.2~",
    ]


def test_the_same_commit_is_lower_for_an_older_debian(tree: Path) -> None:
    old = version(tree).stdout.strip()
    (tree.parent / "os-release").write_text("ID=raspbian\nVERSION_ID=13\n")

    assert lower(old, version(tree).stdout.strip())


@pytest.mark.parametrize("tag", ["v0.1.0", "0.1.0"])
def test_a_tagged_commit_has_the_tags_version(tree: Path, tag: str) -> None:
    git(tree, "tag", tag)
    git(tree, "tag", "something-else")

    assert version(tree).stdout == "0.1.0+deb12\n"


def test_a_tag_that_pyproject_does_not_know_is_refused_with_both(tree: Path) -> None:
    git(tree, "tag", "v0.2.0")

    refused = version(tree)

    assert refused.returncode == 1
    assert "v0.2.0 and pyproject.toml (0.1.0)" in refused.stderr


@pytest.mark.parametrize("tagged", [False, True])
def test_files_that_no_commit_has_are_no_commits_version(tree: Path, tagged: bool) -> None:
    if tagged:
        git(tree, "tag", "v0.1.0")
    before = version(tree).stdout.strip()
    (tree / "CHANGELOG.md").write_text("new\n")

    changed = version(tree).stdout.strip()

    assert changed.endswith(".changed+deb12")
    assert lower(before, changed)


def test_a_source_tree_without_git_has_the_number_alone_also_in_another_repository(tree: Path) -> None:
    inner = tree / "vendor" / "ravatard"
    shutil.copytree(tree / "systemd", inner / "systemd")
    shutil.copy(tree / "pyproject.toml", inner)
    (inner / "CHANGELOG.md").touch()
    (inner / "os-release").touch()

    said = subprocess.run(
        [inner / "systemd/install/version.sh"],
        env=GIT | {"OS_RELEASE": str(tree.parent / "os-release")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert said.stdout == "0.1.0+deb12\n"


def test_a_version_of_ones_own_is_taken_and_one_that_dpkg_refuses_is_explained(tmp_path: Path) -> None:
    environment = small_environment(tmp_path / "environment")

    built = script("package.sh", environment, tmp_path / "dist", "1.2.3")
    refused = script("package.sh", environment, tmp_path / "dist", "version one")

    assert f"ravatard_1.2.3{SUITE}_" in built.stdout
    assert refused.returncode == 1
    assert refused.stderr.startswith("VERSION=version one is no version of a Debian package: ")


@pytest.mark.parametrize("given", ["0.2.0", "0.2.0~rc1", "0.2.0+deb12"])
def test_a_number_of_ones_own_has_the_debian_it_is_built_for_once(tree: Path, given: str) -> None:
    assert version(tree, given).stdout == f"{given.removesuffix('+deb12')}+deb12\n"


def test_the_newest_package_is_the_only_one_so_that_a_pattern_names_it(tmp_path: Path) -> None:
    environment = small_environment(tmp_path / "environment")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/ravatard_0.1.0_other.deb").touch()

    for version in ("0.1.0", "0.2.0"):
        newest = script("package.sh", environment, tmp_path / "dist", version).stdout.strip()

    assert {one.name for one in (tmp_path / "dist").iterdir()} == {
        "ravatard_0.1.0_other.deb",
        Path(newest).name,
    }


def test_the_package_is_named_after_its_commit(tmp_path: Path) -> None:
    environment = small_environment(tmp_path / "environment")

    built = script("package.sh", environment, tmp_path / "dist")

    assert built.returncode == 0, built.stderr
    assert f"ravatard_{script('version.sh').stdout.strip()}_" in built.stdout
