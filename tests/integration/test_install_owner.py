"""Root in the clone of another user: what is installed is root's, what is in the clone is the user's."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.install_rig import PATH, ROOT, SCRIPTS, script, small_environment

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root installs, and gives files away"),
]

#: A user that no account belongs to: the kernel asks for none.
OWNER = 54_321


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user can reach; pytest's own are for one user."""
    with tempfile.TemporaryDirectory(prefix="ravatard-install-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def give_away(path: Path, owner: int = OWNER) -> None:
    for one in (path, *path.rglob("*")):
        os.chown(one, owner, owner, follow_symlinks=False)


def others_may_change(path: Path) -> list[str]:
    found = []
    for one in (path, *path.rglob("*")):
        status = one.lstat()
        if status.st_uid != 0 or status.st_gid != 0:
            found.append(f"{one}: {status.st_uid}:{status.st_gid}")
        elif not stat.S_ISLNK(status.st_mode) and status.st_mode & 0o6022:
            found.append(f"{one}: {status.st_mode:o}")
    return found


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
@pytest.mark.parametrize("mode", [0o755, 0o777, 0o4775])
def test_what_is_installed_is_roots_whoever_made_it_and_whatever_the_umask(
    folder: Path, umask: int, mode: int
) -> None:
    environment = small_environment(folder / "environment")
    program = environment / "opt/ravatard/bin/ravatard"
    give_away(environment)
    for one in environment.rglob("*"):
        if one.is_dir():
            one.chmod(0o777)
    program.chmod(mode)

    done = script("install.sh", environment, umask=umask, DESTDIR=folder / "root")

    assert done.returncode == 0, done.stderr
    assert others_may_change(folder / "root") == []
    # And may be run by everybody.
    installed = folder / "root/opt/ravatard/bin/ravatard"
    assert stat.S_IMODE(installed.stat().st_mode) == 0o755
    assert all(
        stat.S_IMODE(one.stat().st_mode) & 0o055 == 0o055 for one in installed.parents if one != folder
    )


def test_an_upgrade_takes_back_what_was_given_away(folder: Path) -> None:
    environment = small_environment(folder / "environment")
    root = folder / "root"
    assert script("install.sh", environment, DESTDIR=root).returncode == 0
    give_away(root / "opt/ravatard")
    give_away(root / "usr/local/lib/systemd/system/ravatard.service")

    assert script("install.sh", environment, DESTDIR=root).returncode == 0

    assert others_may_change(root / "opt") == []
    assert others_may_change(root / "usr/local/lib/systemd/system/ravatard.service") == []


def needs_private(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", '. "$1" && need_private "$2"', "sh", SCRIPTS / "system.sh", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )


def test_a_place_of_roots_alone_is_good_for_building_also_below_a_sticky_one(folder: Path) -> None:
    (folder / "own" / "build").mkdir(parents=True)
    assert needs_private(folder / "own" / "build").returncode == 0


@pytest.mark.parametrize("which", ["own", "own/build"])
@pytest.mark.parametrize("change", ["owner", "group", "everybody"])
@pytest.mark.parametrize("link", [False, True])
def test_a_place_that_others_can_change_is_refused(folder: Path, which: str, change: str, link: bool) -> None:
    build = folder / "own" / "build"
    build.mkdir(parents=True)
    if change == "owner":
        os.chown(folder / which, OWNER, 0)
    else:
        (folder / which).chmod(0o775 if change == "group" else 0o757)
    asked = build
    if link:
        asked = folder / "link"
        asked.symlink_to(build)

    refused = needs_private(asked)

    assert refused.returncode == 1
    assert str(folder / which) in refused.stderr


@pytest.fixture
def clone(folder: Path) -> Path:
    """A user's clone in which nothing is downloaded, and a trap in the place where builds are kept."""
    path = folder / "clone"
    for name in ("systemd", "hardware", "config"):
        shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"):
        shutil.copy(ROOT / name, path)
    (path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/tests.lock", path / ".ci")
    install = path / "systemd/install"
    (install / "environment.sh").write_text(f'#!/bin/sh\nmkdir -p "$2" && cp -R {folder}/made/. "$2"\n')
    (install / "install-locked.sh").write_text(
        "#!/bin/sh\ncd .venv/bin\nprintf '#!/bin/sh\\nid -u >ran-as\\n' >ravatard\nchmod +x ravatard\n"
    )
    small_environment(folder / "made")
    (folder / "trap").mkdir()
    (folder / "trap" / "kept").touch()
    (path / "build").symlink_to(folder / "trap")
    give_away(path)
    return path


def make(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    #: No package of Debian's and none of pip's.
    nothing = (
        "INSTALL_PACKAGES=",
        "BUILD_PACKAGES=",
        "python_packages=",
        "PIP=true",
        "PYTHON=/usr/bin/python3",
    )
    return subprocess.run(
        ["make", "-C", clone, *nothing, *words],
        env={"PATH": PATH, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def roots_in(folder: Path) -> list[str]:
    return [str(one) for one in (folder, *folder.rglob("*")) if one.lstat().st_uid != OWNER]


def test_root_installs_from_a_users_clone_past_a_trap_and_leaves_nothing_there(
    clone: Path, folder: Path
) -> None:
    done = make(clone, "install", f"DESTDIR={folder}/root", f"ROOTS_BUILD={folder}/cache")

    assert done.returncode == 0, done.stderr
    assert others_may_change(folder / "root") == []
    assert others_may_change(folder / "cache") == []
    assert [one.name for one in (folder / "trap").iterdir()] == ["kept"]
    assert others_may_change(folder / "trap") == []
    assert roots_in(clone) == []


def test_a_package_made_by_root_in_a_users_clone_is_the_users(clone: Path, folder: Path) -> None:
    done = make(clone, "deb", f"ROOTS_BUILD={folder}/cache")

    assert done.returncode == 0, done.stderr
    assert len(list((clone / "dist").iterdir())) == 1
    assert roots_in(clone) == []


def test_the_demo_run_by_root_in_a_users_clone_leaves_it_to_the_user(clone: Path) -> None:
    done = make(clone, "demo")

    assert done.returncode == 0, done.stderr
    # Nor does root run a program that the user can change.
    assert (clone / "ran-as").read_text() == f"{OWNER}\n"
    assert roots_in(clone) == []
