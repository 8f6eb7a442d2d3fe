"""The scripts of the installation, run below another root and with an environment of a few bytes."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "systemd" / "install"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def small_environment(folder: Path) -> Path:
    """Make what environment.sh makes, without the 200 MB in it."""
    program = folder / "opt/ravatard/bin/ravatard"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    program.with_name("python3").symlink_to("/usr/bin/python3")
    program.with_name("python").symlink_to("python3")
    (folder / "debian-modules").write_text("python3-pyaudio\npython3-systemd\n")
    (folder / "copyright").write_text("License: Apache-2.0\n")
    (folder / "sbom.cdx.json").write_text("{}\n")
    for name, section in (("ravatard.1", "1"), ("ravatard.yaml.5", "5")):
        page = f".TH RAVATARD {section}\n.SH NAME\n{name} \\- an appliance\n"
        (folder / f"{name}.gz").write_bytes(gzip.compress(page.encode(), mtime=0))
    (folder / "ravatard.bash").write_text("# Completion.\n")
    return folder


def script(
    name: str, *arguments: str | Path, umask: int = 0o022, **environ: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run one of the scripts."""
    return subprocess.run(
        [SCRIPTS / name, *arguments],
        env={"PATH": PATH} | {name: str(value) for name, value in environ.items()},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        umask=umask,
    )


def files(root: Path) -> set[str]:
    """Every file and link below ``root``, as it is named there."""
    return {
        f"/{path.relative_to(root)}" for path in root.rglob("*") if not path.is_dir() or path.is_symlink()
    }
