"""Packages made from another one: with other files, as an earlier version, with a conffile."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIG = "etc/ravatard/ravatard.yaml"


@contextmanager
def changed(deb: Path, new: Path) -> Iterator[Path]:
    """Inside, the files of ``deb`` lie in a folder; what has become of them is packed as ``new``."""
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder) / "package"
        subprocess.run(["dpkg-deb", "--raw-extract", deb, unpacked], check=True, timeout=100)
        yield unpacked
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", unpacked, new],
            check=True,
            timeout=300,
            stdout=subprocess.DEVNULL,
        )


def with_conffile(deb: Path, version: str, into: Path, first: str = "# The first configuration.\n") -> Path:
    """Return a package of ``version`` made from ``deb`` whose configuration is the conffile ``first``.

    It was one until version 0.1.0, and dpkg asked about it.
    """
    new = into / f"ravatard_{version}_{deb.stem.rpartition('_')[2]}.deb"
    with changed(deb, new) as unpacked:
        shutil.rmtree(unpacked / "usr/share/ravatard")
        (unpacked / CONFIG).parent.mkdir(parents=True)
        (unpacked / CONFIG).write_text(first)
        (unpacked / CONFIG).chmod(0o640)
        (unpacked / "DEBIAN/conffiles").write_text(f"/{CONFIG}\n")
        control = unpacked / "DEBIAN/control"
        control.write_text(re.sub(r"^Version: .*", f"Version: {version}", control.read_text(), flags=re.M))
    return new


def as_version(deb: Path, version: str, into: Path, program: str | None = None) -> Path:
    """Return ``deb`` as another version, with another program in the place of the command if one is given."""
    new = into / f"ravatard_{version}_{deb.stem.rpartition('_')[2]}.deb"
    with changed(deb, new) as unpacked:
        control = unpacked / "DEBIAN/control"
        control.write_text(re.sub(r"^Version: .*", f"Version: {version}", control.read_text(), flags=re.M))
        if program is not None:
            command = unpacked / "opt/ravatard/bin/ravatard"
            command.unlink()
            command.write_text(program)
            command.chmod(0o755)
    return new


def with_other_template(deb: Path, into: Path) -> Path:
    """Return ``deb`` with one more line in the configuration that it begins with."""
    with changed(deb, into / deb.name) as unpacked:
        template = unpacked / "usr/share/ravatard/ravatard.yaml"
        template.write_text(f"{template.read_text()}# new in this version\n")
    return into / deb.name
