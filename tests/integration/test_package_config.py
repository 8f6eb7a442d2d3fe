"""The configuration over installations and upgrades of the package: dpkg never asks, and never changes it."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.integration.install_rig import script, small_environment
from tests.integration.small_root import SmallRoot
from tests.packaging.repacked import CONFIG, with_conffile, with_other_template

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages"),
    pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed"),
]

EDITED = "service: {avatar: Mine}\n"
#: Does what `ravatard config migrate --beside` does with a file of an older version.
PROGRAM = """#!/bin/sh
[ "$*" = "config migrate --beside" ] || exit 1
cd /etc/ravatard
if grep -q 'version: 0' ravatard.yaml; then echo new >ravatard.yaml.v1.new; echo "it is beside"
else echo "nothing to do: it is new"; fi
"""


def package(folder: Path, version: str) -> Path:
    environment = folder / "environment"
    if not environment.exists():
        small_environment(environment)
        (environment / "opt/ravatard/bin/ravatard").write_text(PROGRAM)
    done = script("package.sh", environment, folder / version, version)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return package(tmp_path, "0.2.0")


@pytest.fixture
def conffile(tmp_path: Path, new: Path) -> Path:
    return with_conffile(new, "0.1.0", tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    return SmallRoot(tmp_path / "root")


def installed(root: SmallRoot, deb: Path) -> str:
    done = root.dpkg("--install", deb)
    assert done.returncode == 0, done.stdout + done.stderr
    state = root.run("dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", "ravatard").stdout
    assert state == f"{deb.stem.split('_')[1]} installed"
    return done.stdout


def test_the_first_installation_copies_the_template_which_belongs_to_no_package(
    root: SmallRoot, new: Path
) -> None:
    said = installed(root, new)

    config = root.path / CONFIG
    assert "sudo systemctl restart ravatard" in said
    assert config.read_text() == (root.path / "usr/share/ravatard/ravatard.yaml").read_text()
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert f"chown root:ravatard /{CONFIG}" in (root.path / "fakes/log").read_text()
    assert [one.name for one in config.parent.iterdir()] == ["ravatard.yaml"]
    assert root.run("dpkg-query", "--search", f"/{CONFIG}").returncode == 1


def test_a_configuration_that_was_there_before_the_first_installation_stays(
    root: SmallRoot, new: Path
) -> None:
    (root.path / CONFIG).parent.mkdir()
    (root.path / CONFIG).write_text(EDITED)
    (root.path / CONFIG).chmod(0o600)

    installed(root, new)

    assert (root.path / CONFIG).read_text() == EDITED
    assert stat.S_IMODE((root.path / CONFIG).stat().st_mode) == 0o600


@pytest.mark.parametrize("before", ["conffile", "template"])
@pytest.mark.parametrize("written", [None, EDITED], ids=["pristine", "edited"])
def test_an_upgrade_asks_nothing_and_changes_nothing(
    root: SmallRoot, tmp_path: Path, new: Path, conffile: Path, before: str, written: str | None
) -> None:
    old = conffile if before == "conffile" else package(tmp_path, "0.1.5")
    installed(root, old)
    config = root.path / CONFIG
    if written is not None:
        config.write_text(written)
    text = config.read_text()
    # The next version has other words to begin with.
    (tmp_path / "other").mkdir()
    newer = with_other_template(new, tmp_path / "other")

    said = installed(root, newer)

    assert "***" not in said
    assert config.read_text() == text
    assert [one.name for one in config.parent.iterdir()] == ["ravatard.yaml"]
    installed(root, package(tmp_path, "0.3.0"))
    assert config.read_text() == text


def test_a_machine_that_was_stuck_in_dpkgs_question_is_mended_by_the_upgrade(
    root: SmallRoot, tmp_path: Path, new: Path, conffile: Path
) -> None:
    installed(root, conffile)
    config = root.path / CONFIG
    config.write_text(EDITED)
    stuck = root.dpkg("--install", with_conffile(new, "0.1.1", tmp_path, "# Other words.\n"))
    assert stuck.returncode != 0
    assert "end of file on stdin at conffile prompt" in stuck.stderr
    assert (config.parent / "ravatard.yaml.dpkg-new").exists()

    installed(root, new)

    assert config.read_text() == EDITED
    assert [one.name for one in config.parent.iterdir()] == ["ravatard.yaml"]


def test_a_configuration_that_the_owner_removed_stays_removed(
    root: SmallRoot, tmp_path: Path, new: Path
) -> None:
    installed(root, package(tmp_path, "0.1.5"))
    (root.path / CONFIG).unlink()

    installed(root, new)

    assert not (root.path / CONFIG).exists()


def test_the_current_form_of_an_older_file_is_written_beside_it_and_reported(
    root: SmallRoot, new: Path
) -> None:
    (root.path / CONFIG).parent.mkdir()
    (root.path / CONFIG).write_text("version: 0\n")

    said = installed(root, new)

    assert "it is beside" in said
    assert (root.path / CONFIG).read_text() == "version: 0\n"
    assert (root.path / f"{CONFIG}.v1.new").exists()


def test_what_is_up_to_date_is_not_mentioned(root: SmallRoot, new: Path) -> None:
    assert "nothing to do" not in installed(root, new)


@pytest.mark.parametrize("before", ["conffile", "template"])
def test_purging_removes_what_the_package_made_also_after_an_upgrade(
    root: SmallRoot, new: Path, conffile: Path, before: str
) -> None:
    if before == "conffile":
        installed(root, conffile)
    installed(root, new)
    (root.path / f"{CONFIG}.v1.new").touch()

    assert root.dpkg("--remove", "ravatard").returncode == 0
    assert (root.path / CONFIG).exists()
    assert root.dpkg("--purge", "ravatard").returncode == 0

    assert not (root.path / CONFIG).parent.exists()
    assert not (root.path / "usr/share/ravatard").exists()
    assert root.run("dpkg-query", "-W", "ravatard").returncode == 1


def test_an_installation_that_was_cut_off_is_finished_by_the_next_attempt(root: SmallRoot, new: Path) -> None:
    """The copy has its name only when it is whole."""
    (root.path / CONFIG).parent.mkdir()
    (root.path / f"{CONFIG}.first").write_text("# half of")

    installed(root, new)

    assert (root.path / CONFIG).read_text() == (root.path / "usr/share/ravatard/ravatard.yaml").read_text()
    assert [one.name for one in (root.path / CONFIG).parent.iterdir()] == ["ravatard.yaml"]


def test_the_user_behind_sudo_is_told_how_to_join_and_is_not_joined(root: SmallRoot, new: Path) -> None:
    with (root.path / "etc/passwd").open("a") as users:
        users.write("pi:x:1000:0::/:/bin/sh\n")
    before = (root.path / "etc/group").read_text()

    said = root.dpkg("--install", new, SUDO_USER="pi").stdout

    assert "without sudo: sudo adduser pi ravatard, and log in again." in said
    assert (root.path / "etc/group").read_text() == before


def test_a_member_of_the_group_and_an_upgrade_are_told_nothing_of_it(
    root: SmallRoot, tmp_path: Path, new: Path
) -> None:
    with (root.path / "etc/passwd").open("a") as users:
        users.write("pi:x:1000:0::/:/bin/sh\n")
    with (root.path / "etc/group").open("a") as groups:
        groups.write("ravatard:x:990:pi\n")

    assert "adduser" not in root.dpkg("--install", new, SUDO_USER="pi").stdout
    assert "adduser" not in root.dpkg("--install", package(tmp_path, "0.3.0")).stdout
