"""A fresh Debian in a directory, with the packages ours depends on, and programs run in it alone."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

#: Mounts of its own, above all a /tmp of its own; no network but a dead loopback; ends with its parent.
_ALONE = ("unshare", "--mount", "--pid", "--fork", "--net", "--kill-child")
_ENTER = """
set -e
root=$1; shift
mount --make-rprivate /
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
for device in null zero urandom; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
exec chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
"""
#: What dpkg and the making of users write by themselves.
_NOT_OURS = ("proc", "sys", "dev", "tmp", "run", "opt/delivery", "var/lib/dpkg", "var/log", "var/cache")
_ACCOUNTS = {"passwd", "group", "shadow", "gshadow", "passwd-", "group-", "shadow-", "gshadow-"}


@dataclass(frozen=True, slots=True)
class Done:
    """What a program said, both streams in one, and how it ended."""

    status: int
    output: str


@dataclass(frozen=True, slots=True)
class FreshRoot:
    """A Debian that nothing but the test has touched.

    Attributes:
        path: its root directory.
    """

    path: Path

    def run(self, script: str, within_s: float = 120) -> Done:
        """Run a shell script in there, as root."""
        words = [*_ALONE, "sh", "-c", _ENTER, "sh", str(self.path), "sh", "-c", script]
        ended = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=within_s,
        )
        return Done(ended.returncode, ended.stdout)

    def good(self, script: str) -> str:
        """The output of a script that must end well.

        Raises:
            AssertionError: it did not.
        """
        done = self.run(script)
        assert done.status == 0, f"{script!r} ended with {done.status}: {done.output.strip()[-600:]}"
        return done.output.strip()

    def files(self) -> set[str]:
        """Every file and directory that a package could have made."""
        left_out = {str(self.path / name) for name in _NOT_OURS}
        found = set()
        for folder, folders, names in os.walk(self.path):
            folders[:] = [name for name in folders if os.path.join(folder, name) not in left_out]  # noqa: PTH118
            names_here = [*folders, *(name for name in names if name not in _ACCOUNTS)]
            found |= {str((Path(folder) / name).relative_to(self.path)) for name in names_here}
        return found


def make_root(packages: list[str], suite: str, cache: Path, into: Path) -> FreshRoot:
    """Unpack a Debian with ``packages`` into ``into``; it is downloaded once and kept in ``cache``."""
    name = hashlib.sha256(" ".join([suite, *sorted(packages)]).encode()).hexdigest()[:12]
    archive = cache / f"debian-{suite}-{name}.tar"
    if not archive.exists():
        for old in cache.glob("debian-*.tar"):
            old.unlink()
        unfinished = archive.with_suffix(".new.tar")
        words = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}"]
        subprocess.run([*words, suite, unfinished], check=True, timeout=600)
        unfinished.rename(archive)
    if into.exists():
        shutil.rmtree(into)
    into.mkdir(parents=True)
    subprocess.run(["tar", "-C", into, "-xf", archive, "--exclude=./dev/*"], check=True, timeout=120)
    return FreshRoot(into)
