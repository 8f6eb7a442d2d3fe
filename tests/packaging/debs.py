"""``make deb SUITE=...`` and ``make release``: packages for several Debians, each built in a fresh one.

Exit status 0 when all were built, 1 when one failed, 2 when it cannot be tried here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

from tests.appliance.commands import BuildError, end_with_all_at_sigterm
from tests.appliance.image import cache_folder
from tests.packaging.building import ROOT, made_deb
from tests.packaging.debian import ARCHITECTURES, SUITES, Debian, this_machine
from tests.packaging.emulation import EMULATION, emulated


def main() -> int:
    """Build them all into ``dist``; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.packaging.debs")
    parser.add_argument("--suite", nargs="+", choices=SUITES, default=SUITES)
    parser.add_argument("--architecture", nargs="+", choices=ARCHITECTURES, help="default: this machine's")
    parser.add_argument("--version", default="", help="without the suffix of a suite; default: the commit's")
    arguments = parser.parse_args()
    end_with_all_at_sigterm()
    if os.getuid() != 0:
        sys.stderr.write("A root of its own takes root: sudo make deb SUITE=... or sudo make release\n")
        return 2
    try:
        architectures = arguments.architecture or [this_machine().architecture]
        for suite, architecture in product(arguments.suite, architectures):
            made = _built(Debian(suite, architecture), arguments.version or _version())
            sys.stdout.write(f"{made.relative_to(ROOT)}\n")
            sys.stdout.flush()
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except AssertionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _version() -> str:
    """Return the commit's version without a suite."""
    # No Debian that it would be built for.
    environ = dict(os.environ) | {"OS_RELEASE": os.devnull}
    said = subprocess.run(
        [ROOT / "systemd/install/version.sh"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert said.returncode == 0, said.stderr.strip()
    return said.stdout.strip()


def _built(debian: Debian, version: str) -> Path:
    dist, owner = ROOT / "dist", ROOT.stat()
    with emulated(debian.architecture) as slow, tempfile.TemporaryDirectory(prefix="ravatard-deb-") as folder:
        patience = EMULATION if slow or debian.architecture != this_machine().architecture else 1
        _, new = made_deb(debian, cache_folder(), Path(folder) / "root", patience, version)
        dist.mkdir(exist_ok=True)
        # One is there to install, for each Debian.
        suffix = new.name.rpartition("+")[2]
        for old in dist.glob(f"ravatard_*+{suffix}"):
            old.unlink()
        made = Path(shutil.copy(new, dist))
    for path in (dist, made):
        os.chown(path, owner.st_uid, owner.st_gid)
    return made


if __name__ == "__main__":
    sys.exit(main())
