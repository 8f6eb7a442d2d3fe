"""``make deb`` as README says, in a fresh Debian that has what the Makefile lists and nothing else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.packaging.debian import Debian
from tests.packaging.fresh_root import Contents, FreshRoot, unpack_root
from tests.packaging.pip_settings import local_places, settings_here
from tests.packaging.repacked import with_conffile

ROOT = Path(__file__).parents[2]
#: Where the source is in there, and what `make` makes of it for root.
SOURCE = "/opt/source"
_ENVIRONMENT = "/var/cache/ravatard/appliance"
#: Where pip keeps what it has downloaded.
_DOWNLOADS = "/opt/downloads"
#: A version before the real one, to upgrade from.
OLD = "0~before"
#: What the Makefile asks for the packages it needs.
PREPARING = ("systemd/install/debian-modules.sh", "systemd/install/step.sh")
#: What an installation is made from.
SOURCES = ("ravatard", "systemd", "hardware", "config")
DOCUMENTS = ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "Makefile")


@dataclass(frozen=True, slots=True)
class Built:
    """What came out.

    Attributes:
        root: where it was built; ends with the run.
        source: the copy of the repository it was built from.
        environment: what systemd/install/environment.sh made.
        old: the package as an earlier version, with its configuration as a conffile.
        new: the package that `make deb` made.
    """

    root: FreshRoot
    source: Path
    environment: Path
    old: Path
    new: Path

    def site_packages(self) -> Path:
        """Where the environment's modules are."""
        (found,) = (self.environment / "opt/ravatard/lib").glob("python3*/site-packages")
        return found


def build(debian: Debian, cache: Path, into: Path, patience: float) -> Built:
    """Build the package twice, under two versions.

    Raises:
        BuildError: there is no such root.
        AssertionError: a command failed in it.
    """
    root, new = made_deb(debian, cache, into, patience)
    source = into / SOURCE[1:]
    (source / "old").mkdir()
    old = with_conffile(new, OLD, source / "old")
    return Built(root, source, into / _ENVIRONMENT[1:], old, new)


def made_deb(
    debian: Debian, cache: Path, into: Path, patience: float, version: str = ""
) -> tuple[FreshRoot, Path]:
    """Run `make deb` there; return the root and the package in it.

    Args:
        debian: to build for.
        cache: a directory for what was downloaded.
        into: where the root is unpacked.
        patience: how many times longer everything may take.
        version: without the suite's suffix; "" for what the source says.

    Raises:
        BuildError: there is no such root.
        AssertionError: a command failed in it.
    """
    prepared = Contents("build", ("make", "python3"), making=(ROOT, ("Makefile", *PREPARING)))
    unpack_root(debian, prepared, cache, into, patience)
    source = into / SOURCE[1:]
    lay_out_source(source)
    root = online_root(debian, cache, into, patience)
    root.good(f"make -C {SOURCE} deb VERSION='{version}'", within_s=600)
    (new,) = (source / "dist").glob("*.deb")
    return root, new


def online_root(debian: Debian, cache: Path, path: Path, patience: float) -> FreshRoot:
    """Return the root in ``path`` with this machine's way to Python's packages; ``cache`` keeps them."""
    downloads = cache / f"pip-{debian.suite}-{debian.architecture}"
    # Else a module would be compiled in one run only; what was downloaded may stay.
    shutil.rmtree(downloads / "wheels", ignore_errors=True)
    downloads.mkdir(parents=True, exist_ok=True)
    settings = settings_here()
    lent = {place: str(place) for place in local_places(settings)} | {downloads: _DOWNLOADS}
    return FreshRoot(
        path, patience=patience, online=True, lent=lent, environ=settings | {"PIP_CACHE_DIR": _DOWNLOADS}
    )


def lay_out_source(into: Path) -> None:
    """Copy what an installation is made from."""
    for name in SOURCES:
        shutil.copytree(ROOT / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in DOCUMENTS:
        shutil.copy(ROOT / name, into)
