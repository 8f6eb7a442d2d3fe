"""What `make install` and `make deb` lay out, below another root; `make package-test` does it for real."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ravatard.config import load
from tests.integration.install_rig import PATH, ROOT, SCRIPTS, files, script, small_environment

pytestmark = pytest.mark.integration

MAINTAINERS = ROOT / "systemd" / "debian"
MAINTAINER_SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    return small_environment(tmp_path / "environment")


@pytest.fixture
def root(tmp_path: Path, environment: Path) -> Path:
    """A root in which it is installed."""
    root = tmp_path / "root"
    done = script("install.sh", environment, DESTDIR=root)
    assert done.returncode == 0, done.stderr
    return root


def test_everything_has_its_place_and_nothing_else_is_made(root: Path) -> None:
    share = "/usr/local/share/doc/ravatard"
    units = "/usr/local/lib/systemd/system"

    assert files(root) == {
        "/etc/ravatard/ravatard.yaml",
        "/opt/ravatard/bin/python",
        "/opt/ravatard/bin/python3",
        "/opt/ravatard/bin/ravatard",
        "/usr/local/bin/ravatard",
        f"{units}/ravatard.service",
        f"{units}/ravatard-boot-setup.service",
        f"{units}/ravatard-kiosk.service",
        f"{units}/ravatard-page.socket",
        "/usr/local/lib/sysusers.d/ravatard.conf",
        "/usr/local/lib/udev/rules.d/60-ravatard.rules",
        f"{share}/CHANGELOG.md",
        f"{share}/README.md",
        f"{share}/copyright",
        f"{share}/ravatard.service.d.conf",
        f"{share}/ravatard.yaml",
        f"{share}/sbom.cdx.json",
        "/usr/local/share/bash-completion/completions/ravatard",
        "/usr/local/share/man/man1/ravatard.1.gz",
        "/usr/local/share/man/man5/ravatard.yaml.5.gz",
        "/usr/local/share/ravatard/ravatard-page.avahi",
        "/usr/local/share/ravatard/ravatard.yaml",
    }
    assert (root / "usr/local/bin/ravatard").readlink() == Path("/opt/ravatard/bin/ravatard")


def test_the_configuration_it_starts_with_is_good_and_not_for_everybody(root: Path) -> None:
    path = root / "etc/ravatard/ravatard.yaml"

    loaded = load(path, {})

    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert loaded.options.service.project_id is None


def test_every_setting_it_proposes_is_one(tmp_path: Path) -> None:
    lines = (ROOT / "config" / "first.yaml").read_text().splitlines()
    proposed = [line.replace("#", "", 1) if _proposes(line) else line for line in lines]
    # A board and pins are either or.
    path = tmp_path / "ravatard.yaml"
    path.write_text("\n".join(line for line in proposed if not line.startswith("board:")))

    loaded = load(path, {})

    assert loaded.options.service.avatar == "Assistant"
    assert loaded.options.button.pin == 17


def _proposes(line: str) -> bool:
    return line.lstrip().startswith("#") and not line.lstrip().startswith("# ")


def test_installing_again_keeps_an_edited_configuration_and_leaves_no_old_program(
    root: Path, environment: Path
) -> None:
    config = root / "etc/ravatard/ravatard.yaml"
    config.write_text("service: {avatar: Mine}\n")
    before = files(root)
    (root / "opt/ravatard/bin/gone").touch()

    assert script("install.sh", environment, DESTDIR=root).returncode == 0

    assert config.read_text() == "service: {avatar: Mine}\n"
    assert files(root) == before


def test_uninstalling_keeps_what_is_the_owners(root: Path) -> None:
    state = root / "var/lib/ravatard/live-sessions"
    state.parent.mkdir(parents=True)
    state.touch()

    said = script("uninstall.sh", DESTDIR=root)

    assert said.returncode == 0, said.stderr
    assert files(root) == {"/etc/ravatard/ravatard.yaml", "/var/lib/ravatard/live-sessions"}
    assert "PURGE=1" in said.stdout


def test_purging_leaves_nothing_and_takes_nothing_else(root: Path) -> None:
    for name in ("etc/credstore/ravatard.service.project_id", "etc/credstore/other.secret"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("1")

    assert script("uninstall.sh", DESTDIR=root, PURGE="1").returncode == 0

    assert files(root) == {"/etc/credstore/other.secret"}


def test_uninstalling_twice_is_no_failure(root: Path) -> None:
    assert script("uninstall.sh", DESTDIR=root, PURGE="1").returncode == 0
    assert script("uninstall.sh", DESTDIR=root, PURGE="1").returncode == 0


@pytest.mark.parametrize("name", ["install.sh", "uninstall.sh"])
def test_without_root_the_system_is_not_touched(name: str, tmp_path: Path, environment: Path) -> None:
    somebody = tmp_path / "bin" / "id"
    somebody.parent.mkdir()
    somebody.write_text("#!/bin/sh\necho 1000\n")
    somebody.chmod(0o755)

    refused = script(name, environment, PATH=f"{somebody.parent}:/usr/bin:/bin")

    assert refused.returncode == 1
    assert "sudo" in refused.stderr
    assert refused.stdout == ""


#: The collection for Ansible, and what belongs to it.
FLEET = {
    f"/usr/share/ravatard/fleet/{path.relative_to(ROOT / 'config/fleet')}"
    for path in (ROOT / "config/fleet").rglob("[!.]*")
    if path.is_file()
}


@pytest.fixture
def package(tmp_path: Path, environment: Path) -> Path:
    """A .deb of the environment."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    done = script("package.sh", environment, tmp_path / "dist")
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture
def unpacked(tmp_path: Path, package: Path) -> Path:
    """The .deb's files, and what it tells dpkg, in DEBIAN."""
    folder = tmp_path / "unpacked"
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True, timeout=60)
    return folder


def test_the_package_holds_the_same_files(unpacked: Path, root: Path) -> None:
    """But for the owner's configuration, which is copied later, and what only Debian reads."""
    packed = {name for name in files(unpacked) if not name.startswith("/DEBIAN/")}

    units = "/usr/lib/systemd/system"
    upgrades = ("ravatard-upgrade-check.service", "ravatard-upgrade-repair.service")
    debians = {
        "/usr/share/doc/ravatard/changelog.gz",
        "/usr/share/lintian/overrides/ravatard",
        "/usr/lib/ravatard/upgrade",
        "/usr/share/ravatard/unattended-upgrades",
        "/usr/share/ravatard/apt-daily-upgrade.service.conf",
        "/usr/share/ravatard/apt-daily-upgrade.timer.conf",
        *FLEET,
        *(f"{units}/{name}" for name in upgrades),
        *(f"{units}/multi-user.target.wants/{name}" for name in upgrades),
    }
    assert packed - debians == {
        name.replace("/usr/local/", "/usr/") for name in files(root) if not name.startswith("/etc/")
    }


def test_the_package_says_what_it_needs(package: Path) -> None:
    def field(name: str) -> str:
        shown = subprocess.run(
            ["dpkg-deb", "--field", package, name], capture_output=True, text=True, check=True, timeout=60
        )
        return shown.stdout.strip()

    needed = {one.split()[0] for one in field("Depends").split(", ")}
    assert {"python3", "systemd", "libopus0", "python3-pyaudio", "python3-systemd", "procps"} <= needed
    # What was compiled for one Python cannot be imported by the next.
    assert field("Depends").count("python3 (") == 2
    assert "@" not in field("Depends") + field("Version")
    assert field("Version")[0].isdigit()


def test_the_package_belongs_to_root_and_its_configuration_is_the_owners(
    package: Path, unpacked: Path
) -> None:
    listed = subprocess.run(
        ["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()

    assert {line.split()[1] for line in listed} == {"root/root"}
    assert not [line for line in listed if line[0] != "l" and (line[5] == "w" or line[8] == "w")]
    # A file of the package would be one that dpkg asks about.
    assert not (unpacked / "DEBIAN/conffiles").exists()
    assert not (unpacked / "etc").exists()
    assert {name for name in MAINTAINER_SCRIPTS if os.access(unpacked / "DEBIAN" / name, os.X_OK)} == set(
        MAINTAINER_SCRIPTS
    )


def test_lintian_finds_no_error(package: Path) -> None:
    if shutil.which("lintian") is None:
        pytest.skip("lintian is not installed")

    said = subprocess.run(
        ["lintian", "--allow-root", "--fail-on=none", package],
        env={"PATH": PATH, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    ).stdout.splitlines()

    # That of the test's own small environment.
    known = {"copyright-without-copyright-notice"}
    assert [line for line in said if line[0] in "EW" and line.split()[2] not in known] == []


def test_dpkg_can_check_every_file_of_the_package(unpacked: Path) -> None:
    lines = (line.split(None, 1) for line in (unpacked / "DEBIAN/md5sums").read_text().splitlines())
    sums = {name: digest for digest, name in lines}

    for name, digest in sums.items():
        content = (unpacked / name).read_bytes()
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() == digest, name
    plain = {name[1:] for name in files(unpacked) if not (unpacked / name[1:]).is_symlink()}
    assert sums.keys() == {name for name in plain if not name.startswith("DEBIAN/")}


def test_a_python_that_is_not_debians_is_refused(tmp_path: Path, environment: Path) -> None:
    python = environment / "opt/ravatard/bin/python3"
    python.unlink()
    python.symlink_to(sys.executable)

    refused = script("package.sh", environment, tmp_path / "dist")

    assert refused.returncode == 1
    assert "SYSTEM_PYTHON" in refused.stderr
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize(
    "path",
    [
        *SCRIPTS.glob("*.sh"),
        ROOT / "systemd/upgrade/upgrade.sh",
        *(MAINTAINERS / name for name in MAINTAINER_SCRIPTS),
    ],
    ids=lambda path: path.name,
)
def test_a_script_is_one_a_plain_shell_understands(path: Path) -> None:
    checked = subprocess.run(["sh", "-n", path], capture_output=True, text=True, check=False, timeout=10)

    assert (checked.returncode, checked.stderr) == (0, "")
    # sourced, or stopping at the first error
    assert "set -e" in path.read_text() or path.name == "system.sh"
