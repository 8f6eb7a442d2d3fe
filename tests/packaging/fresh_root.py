"""A fresh Debian in a directory, with packages of our choice, and programs run in it alone."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.appliance.commands import output
from tests.packaging.bootstrap import bootstrap
from tests.packaging.debian import Debian

#: Mounts of its own, above all a /tmp of its own; ends with its parent.
_ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
#: The root, then pairs of what is lent to it and where, then a bare --, then the program.
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
mkdir -p "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$root$(dirname "$2")"; touch "$root$2"; fi
    mount --bind "$1" "$root$2"
    shift 2
done
shift
exec chroot "$root" "$@"
"""
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
}
#: Where files lie in there that are needed for its making only.
_PREPARING = "/opt/preparing"
#: What dpkg and the making of users write by themselves.
_NOT_OURS = ("proc", "sys", "dev", "tmp", "run", "opt/delivery", "var/lib/dpkg", "var/log", "var/cache")
_ACCOUNTS = {"passwd", "group", "shadow", "gshadow", "passwd-", "group-", "shadow-", "gshadow-"}
#: The names of hosts: what a program inside needs of this machine to reach the network.
_NAMES_OF_HOSTS = ("etc/resolv.conf", "etc/hosts")


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
        patience: how many times longer everything may take there than on this machine's processor.
        online: programs reach this machine's network; else only a dead loopback.
        lent: directories and files of this machine -> where they are in there, absolute.
        environ: variables its programs see besides the usual ones; never shown, they may hold a password.
    """

    path: Path
    patience: float = 1
    online: bool = False
    lent: Mapping[Path, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def run(self, script: str, within_s: float = 120) -> Done:
        """Run a shell script in there, as root.

        Raises:
            AssertionError: it did not end in ``within_s``, times the root's patience.
        """
        alone = _ALONE if self.online else (*_ALONE, "--net")
        lent = [str(word) for pair in self.lent.items() for word in pair]
        try:
            ended = subprocess.run(
                [*alone, "sh", "-c", _ENTER, "sh", str(self.path), *lent, "--", "sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=within_s * self.patience,
                env=_ENVIRONMENT | dict(self.environ),
            )
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"{script!r} did not end in {late.timeout:.0f} s") from late
        return Done(ended.returncode, ended.stdout)

    def good(self, script: str, within_s: float = 120) -> str:
        """The output of a script that must end well.

        Raises:
            AssertionError: it did not, or not in time.
        """
        done = self.run(script, within_s)
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


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a root besides the smallest Debian.

    Attributes:
        purpose: a word for the name of its archive.
        packages: by name.
        satisfying: the text of a package's Depends; apt in there chooses, as it does for an owner.
        making: a directory, and those of its files with which `make install-packages` is run in there.
    """

    purpose: str
    packages: tuple[str, ...] = ()
    satisfying: str = ""
    making: tuple[Path, tuple[str, ...]] | None = None

    def options(self) -> list[str]:
        """The options for mmdebstrap."""
        options = [f"--include={','.join(self.packages)}"] if self.packages else []
        if self.satisfying:
            options.append(f"--chrooted-customize-hook=apt-get -q -y satisfy '{self.satisfying}'")
        if self.making is not None:
            source, files = self.making
            options += [
                f'--customize-hook=install -D "{source / name}" "$1{_PREPARING}/{name}"' for name in files
            ]
            options.append(f"--chrooted-customize-hook=make -C {_PREPARING} install-packages")
        return options

    def digest(self) -> str:
        """The same for the same contents; 12 hexadecimal digits."""
        digest = hashlib.sha256("\n".join([*sorted(self.packages), self.satisfying]).encode())
        if self.making is not None:
            source, files = self.making
            for name in files:
                digest.update((source / name).read_bytes())
        return digest.hexdigest()[:12]


def archive_of(debian: Debian, contents: Contents) -> str:
    """The name of the archive; all for one Debian and purpose differ in their last part only."""
    return f"debian-{debian.suite}-{debian.architecture}-{contents.purpose}-{contents.digest()}.tar"


def unpack_root(debian: Debian, contents: Contents, cache: Path, into: Path, patience: float = 1) -> None:
    """Make a Debian with ``contents`` in ``into``; it is downloaded once and kept in ``cache``.

    Raises:
        BuildError: it cannot be made here; says why.
    """
    archive = cache / archive_of(debian, contents)
    if not archive.exists():
        for old in cache.glob(f"{archive.name.rpartition('-')[0]}-*.tar"):
            old.unlink()
        bootstrap(debian, archive, contents.options(), patience)
    unpack(archive, into)


def unpack(archive: Path, into: Path) -> None:
    """Unpack a Debian into a new directory, with the names of hosts as this machine knows them."""
    into.mkdir(parents=True)
    output("tar", "-C", into, "-xf", archive, "--exclude=./dev/*", within_s=300)
    for name in _NAMES_OF_HOSTS:
        inside = into / name
        inside.unlink(missing_ok=True)  # a link would lead out of the root
        if (outside := Path("/") / name).exists():
            shutil.copy(outside, inside)
