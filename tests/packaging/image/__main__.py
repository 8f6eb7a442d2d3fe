"""``make image``: an image for Raspberry Pis, to write onto a card.

Exit status 0 when it was made, 1 when a program in it failed, 2 when it cannot be made here.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.appliance.commands import BuildError, end_with_all_at_sigterm, output
from tests.packaging.building import ROOT
from tests.packaging.debian import this_machine
from tests.packaging.emulation import EMULATION, emulated
from tests.packaging.image.disk import make_disk
from tests.packaging.image.layout import identity
from tests.packaging.image.root import DEBIAN, make_root, make_system

#: Unpacked system, its two file systems, the image, and the compressed image.
_NEEDED_BYTES = 8 << 30
_READ_BYTES = 1 << 20


def main() -> int:
    """Make it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.packaging.image")
    parser.add_argument("--deb", type=Path, help="ravatard's package; default: the one in dist")
    parser.add_argument(
        "--system",
        type=Path,
        help="an archive (.tar) of Debian without ravatard, made if it is not there, and kept",
    )
    parser.add_argument("--scratch", type=Path, help="a directory with 8 GB; default: dist")
    arguments = parser.parse_args()
    end_with_all_at_sigterm()
    if os.getuid() != 0:
        sys.stderr.write("The image's system takes root: sudo make image\n")
        return 2
    try:
        _make(arguments.deb or newest_deb(ROOT / "dist"), arguments.system, arguments.scratch)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except AssertionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def newest_deb(dist: Path) -> Path:
    """The package in ``dist`` for the image's Debian.

    Raises:
        BuildError: there is none.
    """
    found = sorted(
        dist.glob(f"ravatard_*+deb13_{DEBIAN.architecture}.deb"), key=lambda deb: deb.stat().st_mtime
    )
    if not found:
        wanted = f"SUITE={DEBIAN.suite} ARCHITECTURE={DEBIAN.architecture}"
        raise BuildError(f"there is no package for Debian {DEBIAN} in {dist}; run: make deb {wanted}")
    return found[-1]


def image_name(version: str) -> str:
    """The name of the image with the package of ``version``, which ends with its Debian."""
    return f"ravatard_{version.rpartition('+')[0] or version}_raspberry-pi.img"


def _make(deb: Path, system: Path | None, scratch: Path | None) -> None:
    dist, owner = ROOT / "dist", ROOT.stat()
    dist.mkdir(exist_ok=True)
    version = output("dpkg-deb", "--field", deb, "Version").strip()
    moment = int(output(ROOT / "systemd/install/version.sh", "seconds"))
    place = scratch or dist
    if (free := shutil.disk_usage(place).free) < _NEEDED_BYTES:
        raise BuildError(
            f"{place} has {free / 1e9:.1f} GB free, and {_NEEDED_BYTES / 1e9:.1f} are needed; "
            "name another directory: ARGS='--scratch DIRECTORY'"
        )
    names = identity(version)
    with emulated(DEBIAN.architecture) as slow, tempfile.TemporaryDirectory(dir=place) as folder:
        patience = EMULATION if slow or this_machine().architecture != DEBIAN.architecture else 1
        root, image = Path(folder) / "root", Path(folder) / image_name(version)
        _say(f"Debian {DEBIAN} with {deb.name}" + (", emulated, which takes long" if patience > 1 else ""))
        began = time.monotonic()
        archive = system or Path(folder) / "system.tar"
        if not archive.exists():
            make_system(DEBIAN, archive, moment, patience)
        make_root(archive, deb.resolve(), names, root, patience)
        _say(f"the system: {time.monotonic() - began:.0f} s")
        plan = make_disk(root, names, moment, image)
        _say(f"the image: {plan.size / 1e9:.2f} GB, {time.monotonic() - began:.0f} s")
        # Two threads, whatever the machine: the result is the same then.
        output("xz", "-T2", "-6", image, within_s=3600)
        packed = image.with_name(f"{image.name}.xz")
        made = dist / packed.name
        shutil.move(packed, made)
    for old in dist.glob("ravatard_*_raspberry-pi.img.xz*"):
        if old != made:
            old.unlink()
    check = made.with_name(f"{made.name}.sha256")
    check.write_text(f"{_sha256(made)}  {made.name}\n")
    for file in (dist, made, check):
        os.chown(file, owner.st_uid, owner.st_gid)
    _say(f"{made.relative_to(ROOT)}: {made.stat().st_size / 1e6:.0f} MB")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
