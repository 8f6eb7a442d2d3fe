"""A root of links into this machine's, in which dpkg installs a package for real: only root can enter it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

#: What the package's scripts call that would change this machine, or ask it about itself.
_FAKES = {
    "systemd-sysusers": "",
    "deb-systemd-helper": '[ "$2" != was-enabled ]',
    "deb-systemd-invoke": "",
    "sync": "",
    "userdel": "",
    "chown": "",
}
#: Made before each command in mounts that end with it: programs and libraries are links into /host.
_ENTER = """
set -e
root=$1; shift
mount --make-rprivate /
mount --bind / "$root/host"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
"""


class SmallRoot:
    """The root, with an empty database of dpkg's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("host", "dev", "proc", "etc", "run", "opt", "var/log", "var/lib/dpkg/info", "debs"):
            (path / name).mkdir(parents=True)
        for name in ("status", "available"):
            (path / "var/lib/dpkg" / name).touch()
        (path / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
        (path / "etc/group").write_text("root:x:0:\n")
        _link_programs(path)
        (path / "fakes").mkdir()
        for name, words in _FAKES.items():
            (path / "fakes" / name).write_text(f'#!/bin/sh\necho {name} "$@" >>/fakes/log\n{words}\n')
            (path / "fakes" / name).chmod(0o755)

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a program in there, without a terminal and with nothing to read."""
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", _ENTER, "sh", self.path, *command],
            env={"PATH": "/fakes:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
            | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        if "unshare" in done.stderr or "mount:" in done.stderr:
            pytest.skip(f"no mounts of its own here: {done.stderr.strip()}")
        return done

    def dpkg(self, action: str, *subjects: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        """Let dpkg do something; packages are copied in."""
        names = []
        for one in subjects:
            if isinstance(one, Path):
                shutil.copy(one, self.path / "debs")
                names.append(f"/debs/{one.name}")
            else:
                names.append(one)
        # What it depends on is this machine's.
        return self.run("dpkg", "--force-depends", action, *names, **environ)


def _link_programs(root: Path) -> None:
    """Link what this machine has, except for the folders in which the package has files of its own."""
    (root / "usr/share").mkdir(parents=True)
    for name in ("bin", "sbin", "lib"):
        (root / "usr" / name).mkdir()
        (root / name).symlink_to(f"usr/{name}")
        for one in Path("/usr", name).iterdir():
            if one.name not in ("systemd", "sysusers.d", "udev"):
                (root / "usr" / name / one.name).symlink_to(f"/host{one}")
    # Where programs look for what links them together.
    for name in ("lib64", "lib32"):
        if Path("/", name).is_dir():
            (root / name).symlink_to(f"/host/usr/{name}")
