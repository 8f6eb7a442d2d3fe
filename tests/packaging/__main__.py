"""``make package-test``: package, wheel and ``make install`` in a fresh Debian; upgrades under a systemd.

Exit status 0 when every step passed, 1 when one failed, 2 when it cannot be tried here. Each step stands on
those before it, so the first failure is the end.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.appliance.commands import BuildError, end_with_all_at_sigterm
from tests.appliance.image import cache_folder
from tests.packaging.building import ROOT, Built, build
from tests.packaging.by_itself import upgraded_by_itself
from tests.packaging.by_pipx import installed_by_pipx
from tests.packaging.debian import ARCHITECTURES, SUITES, Debian, this_machine
from tests.packaging.emulation import EMULATION, emulated
from tests.packaging.fresh_root import Contents, FreshRoot, unpack_root
from tests.packaging.origins import compiled_by_readme, origins
from tests.packaging.steps import DELIVERY, STEPS
from tests.packaging.upgrading import UPGRADES, deliver_versions
from tests.packaging.users_clone import installed_from_a_users_clone


def main() -> int:
    """Run it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.packaging")
    parser.add_argument("--suite", choices=SUITES, help="default: this machine's")
    parser.add_argument("--architecture", choices=ARCHITECTURES, help="default: this machine's")
    arguments = parser.parse_args()
    end_with_all_at_sigterm()
    if os.getuid() != 0:
        sys.stderr.write("A root of its own takes root: sudo make package-test\n")
        return 2
    try:
        here = this_machine()
        debian = Debian(arguments.suite or here.suite, arguments.architecture or here.architecture)
        with (
            emulated(debian.architecture) as slow,
            tempfile.TemporaryDirectory(prefix="ravatard-package-") as folder,
        ):
            patience = EMULATION if slow or debian.architecture != here.architecture else 1
            return _all(debian, Path(folder), patience)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _all(debian: Debian, folder: Path, patience: float) -> int:
    _say(f"Debian {debian}" + (", emulated" if patience > 1 else ""))
    built: list[Built] = []

    def made() -> str:
        built.append(build(debian, cache_folder(), folder / "build", patience))
        return f"{built[0].new.name} has {built[0].new.stat().st_size / 1e6:.0f} MB"

    if not _passes("`make deb`", made):
        return 1
    if not _passes("Compiled here is what README says", lambda: _compiled(debian, built[0])):
        return 1
    roots: list[FreshRoot] = []
    wanted = depends(built[0].new)

    def unpacked() -> str:
        unpack_root(debian, Contents("bare", satisfying=wanted), cache_folder(), folder / "root", patience)
        roots.append(FreshRoot(folder / "root", patience=patience))
        _deliver(roots[0], built[0])
        return wanted

    if not _passes("Fresh, with what the package depends on", unpacked):
        return 1
    # It removes what was built, which has been delivered by now.
    if not _passes("`make install` in a user's clone", lambda: installed_from_a_users_clone(built[0])):
        return 1
    before = roots[0].files()
    if not all(_step(step, roots[0], before if clean else None) for step, clean in STEPS):
        return 1
    return 0 if _further(debian, roots[0], wanted, folder) else 1


def _further(debian: Debian, root: FreshRoot, wanted: str, folder: Path) -> bool:
    """Try what needs a root of its own, or a running systemd."""
    cache, emulating = cache_folder(), root.patience > 1
    by_pipx = partial(installed_by_pipx, debian, cache, folder / "pipx", root.patience)
    if not _passes("`pipx install` of the wheel", by_pipx):
        return False
    if emulating:
        _say("left out: upgrades under a running systemd, which an emulated processor does not boot")
        return True
    deliver_versions(root.path)
    if not all(_passes(_told(upgrade), partial(upgrade, root.path)) for upgrade in UPGRADES):
        return False
    deb = root.path / DELIVERY[1:] / "new.deb"
    by_itself = partial(upgraded_by_itself, debian, deb, wanted, cache, folder / "unattended")
    return _passes("Upgraded by unattended-upgrades, between conversations", by_itself)


def depends(deb: Path) -> str:
    """All that ``deb`` says it needs, as it says it."""
    fields = [
        subprocess.run(
            ["dpkg-deb", "--field", deb, name], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        for name in ("Pre-Depends", "Depends")
    ]
    return ", ".join(" ".join(field.split()) for field in fields)


def _compiled(debian: Debian, built: Built) -> str:
    found = origins(built.site_packages())
    said = compiled_by_readme((ROOT / "systemd/README.md").read_text(), debian.suite)
    listed = ", ".join(sorted(found.compiled)) or "nothing"
    assert found.compiled == said, f"compiled: {listed}; README has: {', '.join(sorted(said)) or 'nothing'}"
    system, wheels = (", ".join(sorted(names)) for names in (found.debian, found.wheels))
    return f"{listed}; from Debian {system}; as wheels {wheels}; {len(found.pure)} without compiled parts"


def _step(step: Callable[[FreshRoot], str], root: FreshRoot, clean: set[str] | None) -> bool:
    def done() -> str:
        said = step(root)
        left = sorted(root.files() ^ clean) if clean is not None else []
        assert not left, f"left or missing: {', '.join(left[:8])}"
        return said

    return _passes(_told(step), done)


def _told(step: Callable[..., str]) -> str:
    return (step.__doc__ or step.__name__).rstrip(".")


def _passes(what: str, action: Callable[[], str]) -> bool:
    began = time.monotonic()
    try:
        said, passed = action(), True
    except AssertionError as error:
        said, passed = str(error), False
    _say(f"{'pass' if passed else 'FAIL'}  {time.monotonic() - began:5.1f} s  {what}: {said}")
    return passed


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _deliver(root: FreshRoot, built: Built) -> None:
    delivery = root.path / DELIVERY[1:]
    left_out = shutil.ignore_patterns("build", "dist", "old")
    shutil.copytree(built.source, delivery / "source", ignore=left_out)
    shutil.copytree(built.environment, delivery / "environment", symlinks=True)
    shutil.copy(built.old, delivery / "old.deb")
    shutil.copy(built.new, delivery / "new.deb")


if __name__ == "__main__":
    sys.exit(main())
