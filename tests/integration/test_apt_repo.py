"""The signed apt repository, as apt sees it: upgrades, refused downgrades and signatures, channels."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.debian_programs import needs
from tests.integration.install_rig import PATH, ROOT, SCRIPTS

pytestmark = [pytest.mark.integration, needs("reprepro", "gpg", "apt-get", "dpkg-deb")]


class Keys:
    """A keyring that was made for the test, with a key in it."""

    def __init__(self, home: Path, name: str) -> None:
        home.mkdir(mode=0o700, exist_ok=True)
        self.environ = {"PATH": PATH, "GNUPGHOME": str(home), "LC_ALL": "C.UTF-8"}
        made = ["gpg", "--batch", "--passphrase", "", "--quick-gen-key", name, "ed25519", "sign", "never"]
        subprocess.run(made, env=self.environ, check=True, capture_output=True, timeout=60)
        listing = ["gpg", "--batch", "--with-colons", "--list-secret-keys", name]
        said = subprocess.run(
            listing, env=self.environ, check=True, capture_output=True, text=True, timeout=60
        )
        found = re.search(r"^fpr:+(\w+):", said.stdout, re.M)
        assert found
        self.fingerprint = found[1]

    def stop(self) -> None:
        """End the agent that gpg has started."""
        subprocess.run(["gpgconf", "--kill", "all"], env=self.environ, check=False, timeout=60)


@pytest.fixture
def keys() -> Iterator[Keys]:
    # A socket's path may have 108 bytes; pytest's folders are longer.
    home = Path("/run" if os.geteuid() == 0 else "/tmp") / f"ravatard-keys-{os.getpid()}"  # noqa: S108
    made = Keys(home, "Test <test@example.com>")
    yield made
    made.stop()
    shutil.rmtree(home)


def deb(folder: Path, version: str, architecture: str = "") -> Path:
    """A package with nothing in it."""
    if not architecture:
        shown = ["dpkg", "--print-architecture"]
        architecture = subprocess.run(
            shown, capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    root = folder / f"tree-{version}-{architecture}"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        f"Package: ravatard\nVersion: {version}\nArchitecture: {architecture}\n"
        "Maintainer: Test <test@example.com>\nDescription: test\n"
    )
    path = folder / f"ravatard_{version}_{architecture}.deb"
    subprocess.run(["dpkg-deb", "--build", root, path], check=True, capture_output=True, timeout=60)
    return path


def published(
    keys: Keys, into: Path, *debs: Path, channel: str = "stable", key: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPTS / "apt-repo.sh", channel, key or keys.fingerprint, into, *debs],
        env=keys.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class Apt:
    """An apt with a system of its own, where a version is said to be installed."""

    def __init__(
        self, folder: Path, repository: Path, *, channel: str = "stable", keyring: str = "ravatard.gpg"
    ) -> None:
        self.folder = folder
        for name in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d", "etc/apt.conf.d"):
            (folder / name).mkdir(parents=True)
        source = f"deb [signed-by={repository}/{keyring}] copy:{repository}/{channel} {{suite}} main\n"
        source = "".join(source.format(suite=suite) for suite in ("bookworm", "bookworm-previous"))
        (folder / "etc/sources.list").write_text(source)
        (folder / "status").touch()

    def installed(self, version: str) -> None:
        architecture = subprocess.run(
            ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
        (self.folder / "status").write_text(
            f"Package: ravatard\nStatus: install ok installed\nVersion: {version}\n"
            f"Architecture: {architecture}\nMaintainer: Test <test@example.com>\nDescription: test\n"
        )

    def get(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run apt-get; nothing is installed."""
        options = {
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc": self.folder / "etc",
            "APT::Sandbox::User": "root",
            "Debug::NoLocking": "true",
        }
        given = [f"-o={name}={value}" for name, value in options.items()]
        # Nothing of this machine's configuration.
        environ = {"PATH": PATH, "LC_ALL": "C.UTF-8", "APT_CONFIG": "/dev/null"}
        return subprocess.run(
            ["apt-get", "-q", "-y", "--simulate" if words[0] != "update" else "-q", *given, *words],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def repository(tmp_path: Path, keys: Keys) -> Path:
    """A repository with two versions, one after the other, and one that is not for this suite."""
    into = tmp_path / "apt"
    for version in ("0.2.0+deb12", "0.3.0+deb12", "0.4.0+deb13"):
        done = published(keys, into, deb(tmp_path, version))
        assert done.returncode == 0, done.stderr
    return into


def test_apt_upgrades_to_the_newest_of_its_suite(tmp_path: Path, repository: Path) -> None:
    apt = Apt(tmp_path / "root", repository)
    apt.installed("0.2.0~git20261129143205.abc1234+deb12")

    assert apt.get("update").returncode == 0
    done = apt.get("upgrade")

    assert (
        "Inst ravatard [0.2.0~git20261129143205.abc1234+deb12] (0.3.0+deb12 ravatard:stable [" in done.stdout
    )


def test_apt_does_not_downgrade(tmp_path: Path, keys: Keys) -> None:
    done = published(keys, tmp_path / "apt", deb(tmp_path, "0.2.0+deb12"))
    assert done.returncode == 0, done.stderr
    apt = Apt(tmp_path / "root", tmp_path / "apt")
    apt.installed("0.3.0+deb12")
    assert apt.get("update").returncode == 0

    assert "Inst ravatard" not in apt.get("upgrade").stdout
    refused = apt.get("install", "ravatard=0.2.0+deb12")

    assert refused.returncode != 0
    assert "--allow-downgrades" in refused.stderr


def test_the_version_before_can_be_installed_again(tmp_path: Path, repository: Path, keys: Keys) -> None:
    assert published(keys, repository, deb(tmp_path, "0.3.1+deb12")).returncode == 0
    apt = Apt(tmp_path / "root", repository)
    apt.installed("0.3.1+deb12")
    assert apt.get("update").returncode == 0

    back = apt.get("install", "--allow-downgrades", "ravatard=0.3.0+deb12")

    assert "Inst ravatard [0.3.1+deb12] (0.3.0+deb12 ravatard:stable-previous [" in back.stdout, back.stderr
    assert "Inst ravatard" not in apt.get("upgrade").stdout


def test_a_package_that_is_older_than_the_newest_is_no_success(
    tmp_path: Path, repository: Path, keys: Keys
) -> None:
    (before,) = tmp_path.glob("ravatard_0.2.0+deb12_*.deb")

    again = published(keys, repository, before)
    older = published(keys, repository, deb(tmp_path, "0.1.0+deb12"))

    assert (again.returncode, again.stdout.split()[:3]) == (
        0,
        ["bookworm-previous", "stable:", "0.2.0+deb12"],
    )
    assert older.returncode == 1
    assert "is older than 0.3.0+deb12, which bookworm has in stable already; next:" in older.stderr


def test_a_repository_that_another_key_has_signed_is_refused(
    tmp_path: Path, repository: Path, keys: Keys
) -> None:
    other = Keys(Path(keys.environ["GNUPGHOME"]), "Other <other@example.com>")
    exported = subprocess.run(
        ["gpg", "--batch", "--export", other.fingerprint],
        env=keys.environ,
        capture_output=True,
        check=True,
        timeout=60,
    )
    (repository / "other.gpg").write_bytes(exported.stdout)
    apt = Apt(tmp_path / "root", repository, keyring="other.gpg")

    refused = apt.get("update")

    assert "NO_PUBKEY" in refused.stdout + refused.stderr
    assert "is not signed" in refused.stderr
    assert "Unable to locate package" in apt.get("install", "ravatard").stderr


def test_a_list_of_packages_that_was_changed_is_refused(tmp_path: Path, repository: Path) -> None:
    for one in (repository / "stable/dists/bookworm/main").rglob("Packages*"):
        one.write_bytes(one.read_bytes().replace(b"0.3.0", b"0.9.0") if one.suffix == "" else b"")
    apt = Apt(tmp_path / "root", repository)

    assert apt.get("update").returncode != 0
    assert "0.9.0" not in apt.get("install", "ravatard").stdout


def test_the_canary_has_what_is_not_in_the_stable_channel_yet(
    tmp_path: Path, repository: Path, keys: Keys
) -> None:
    assert published(keys, repository, deb(tmp_path, "0.5.0+deb12"), channel="canary").returncode == 0
    stable, canary = Apt(tmp_path / "a", repository), Apt(tmp_path / "b", repository, channel="canary")
    for apt in (stable, canary):
        apt.installed("0.2.0+deb12")
        assert apt.get("update").returncode == 0

    assert "(0.3.0+deb12 ravatard:stable" in stable.get("upgrade").stdout
    assert "(0.5.0+deb12 ravatard:canary" in canary.get("upgrade").stdout


def test_a_version_that_was_taken_back_stays_away_although_a_fleet_has_pinned_it(
    tmp_path: Path, repository: Path
) -> None:
    """Of two files that pin a version apt takes the first, by name."""
    role = yaml.safe_load((ROOT / "config/fleet/roles/appliance/vars/main.yml").read_text())
    judge = re.search(r"^pin=/etc/apt/(\S+)$", (ROOT / "systemd/upgrade/upgrade.sh").read_text(), re.M)
    assert judge
    apt = Apt(tmp_path / "root", repository)
    apt.installed("0.2.0+deb12")
    assert apt.get("update").returncode == 0
    for place, version, priority in (
        (role["appliance_pin"].removeprefix("/etc/apt/"), "0.3.0+deb*", 990),
        (judge[1], "0.3.0+deb12", -1),
    ):
        assert "Inst ravatard [0.2.0+deb12] (0.3.0+deb12 " in apt.get("upgrade").stdout
        text = f"Package: ravatard\nPin: version {version}\nPin-Priority: {priority}\n"
        (apt.folder / "etc" / place).write_text(text)

    assert "Inst ravatard" not in apt.get("upgrade").stdout


def test_another_file_of_a_version_that_is_there_is_refused(
    tmp_path: Path, repository: Path, keys: Keys
) -> None:
    (tmp_path / "again").mkdir()
    again = deb(tmp_path / "again", "0.3.0+deb12")
    again.write_bytes(again.read_bytes() + b"\n")

    assert published(keys, repository, again).returncode != 0


@pytest.mark.parametrize(
    ("channel", "key", "version", "said"),
    [
        ("testing", "", "0.2.0+deb12", "CHANNEL=testing is neither stable nor canary"),
        ("stable", "0123456789ABCDEF", "0.2.0+deb12", "KEY=0123456789ABCDEF is no secret key here"),
        ("stable", "", "0.2.0", "ends neither with +deb12 nor +deb13"),
        ("stable", "", "", "There is no package to add"),
    ],
)
def test_what_cannot_be_published_is_refused_with_what_to_do(
    tmp_path: Path, keys: Keys, channel: str, key: str, version: str, said: str
) -> None:
    debs = [deb(tmp_path, version)] if version else []

    done = published(keys, tmp_path / "apt", *debs, channel=channel, key=key)

    assert done.returncode == 1
    assert said in done.stderr
