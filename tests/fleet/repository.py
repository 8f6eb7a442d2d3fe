"""A signed apt repository with small packages that run the daemon under test, or one that does not start."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
from pathlib import Path

from tests.fleet.machine import PROGRAM

_POSTINST = """#!/bin/sh
set -e
groupadd -f -r ravatard
mkdir -p /etc/ravatard/ravatard.d
systemctl restart ravatard
"""
#: Of a version whose daemon ends at once, and whose other commands work.
_BROKEN = 'if [ "$1" = run ]; then echo "this version does not start" >&2; exit 70; fi\n'


class AptRepository:
    """A channel of a repository, in a folder.

    Attributes:
        key: its public key, in ASCII armour.
    """

    def __init__(self, folder: Path, channel: str, suite: str) -> None:
        """Make the key; there is no package yet."""
        self._folder, self._channel, self._suite = folder, folder / channel, suite
        self._home = folder / "gnupg"
        self._home.mkdir(parents=True, mode=0o700)
        self._gpg("--quick-generate-key", "Repository of a test", "ed25519", "sign", "1d")
        self.key = folder / "ravatard.asc"
        self.key.write_bytes(self._gpg("--armor", "--export"))
        (self._channel / "pool").mkdir(parents=True)

    @property
    def address(self) -> str:
        """Of the repository, without the channel."""
        return f"file://{self._folder}"

    def add(self, version: str, *, starts: bool = True) -> None:
        """Build a package of ``version``, and publish it beside the others."""
        tree = self._folder / f"tree-{version}"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "usr/bin").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: ravatard\nVersion: {version}\nArchitecture: all\n"
            "Maintainer: A test <test@example.net>\nDescription: the daemon under test\n"
        )
        for file, text in (
            (tree / "DEBIAN/postinst", _POSTINST),
            (tree / "usr/bin/ravatard", f'#!/bin/sh\n{"" if starts else _BROKEN}exec {PROGRAM} "$@"\n'),
        ):
            file.write_text(text)
            file.chmod(0o755)
        pool = self._channel / "pool"
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(pool)],
            check=True,
            capture_output=True,
        )
        self._publish()

    def _publish(self) -> None:
        packages = sorted((self._channel / "pool").glob("*.deb"))
        self._publish_suite(self._suite, "".join(self._entry(package) for package in packages))
        # Here all versions are in one suite.
        self._publish_suite(f"{self._suite}-previous", "")

    def _publish_suite(self, suite: str, index: str) -> None:
        dist = self._channel / "dists" / suite
        (dist / "main/binary-all").mkdir(parents=True, exist_ok=True)
        (dist / "main/binary-amd64").mkdir(parents=True, exist_ok=True)
        sums = []
        for architecture in ("all", "amd64"):
            for name, content in (
                ("Packages", index.encode()),
                ("Packages.gz", gzip.compress(index.encode(), mtime=0)),
            ):
                file = dist / f"main/binary-{architecture}" / name
                file.write_bytes(content)
                digest = hashlib.sha256(content).hexdigest()
                sums.append(f" {digest} {len(content)} main/binary-{architecture}/{name}")
        release = dist / "Release"
        release.write_text(
            f"Origin: ravatard\nLabel: ravatard\nSuite: {suite}\nCodename: {suite}\n"
            f"Architectures: all amd64\nComponents: main\nDate: {_now()}\nSHA256:\n" + "\n".join(sums) + "\n"
        )
        (dist / "InRelease").unlink(missing_ok=True)
        self._gpg("--clearsign", "--output", str(dist / "InRelease"), str(release))

    def _entry(self, package: Path) -> str:
        content = package.read_bytes()
        control = subprocess.run(
            ["dpkg-deb", "--field", str(package)], check=True, capture_output=True, text=True
        ).stdout
        return (
            f"{control}Filename: pool/{package.name}\nSize: {len(content)}\n"
            f"SHA256: {hashlib.sha256(content).hexdigest()}\n\n"
        )

    def _gpg(self, *words: str) -> bytes:
        return subprocess.run(
            ["gpg", "--homedir", str(self._home), "--batch", "--passphrase", "", *words],
            check=True,
            capture_output=True,
            env={**os.environ, "GNUPGHOME": str(self._home)},
        ).stdout

    def close(self) -> None:
        """End the agent that gpg has started."""
        subprocess.run(
            ["gpgconf", "--homedir", str(self._home), "--kill", "all"], check=False, capture_output=True
        )


def _now() -> str:
    return subprocess.run(
        ["date", "--utc", "+%a, %d %b %Y %H:%M:%S UTC"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout.strip()
