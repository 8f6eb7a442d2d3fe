"""``make package-test``: the package and ``make install`` in a fresh Debian; no systemd runs, no network.

Exit status 0 when every step passed. Each stands on those before it, so the first failure is the end.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.packaging.fresh_root import FreshRoot, make_root

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "build"
#: Where the packages and the source are in there.
DELIVERY = "/opt/delivery"
CONFIG = "/etc/ravatard/ravatard.yaml"
OLD, NEW = "0.1~before", "0.1~after"
#: All that is loaded lazily.
MODULES = (
    "pyaudio webrtcvad numpy soxr av lgpio spidev alsaaudio systemd.daemon aiohttp msgspec yaml gpiozero"
)
STATE = "mkdir -p /var/lib/ravatard && echo 1 >/var/lib/ravatard/kept"


def depends(deb: Path) -> list[str]:
    """The packages ``deb`` says it needs, and nothing it does not say."""
    fields = subprocess.run(
        ["dpkg-deb", "--field", deb, "Pre-Depends", "Depends"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    wanted = re.sub(r"^[\w-]+:", ",", fields.stdout, flags=re.M)
    return sorted({one.split()[0] for one in wanted.replace("\n", " ").split(",") if one.strip()})


def refused(root: FreshRoot) -> str:
    """Refused beside an installation by `make install`."""
    units = "/usr/local/lib/systemd/system"
    root.good(f"mkdir -p {units} && touch {units}/ravatard.service")
    done = root.run(f"dpkg -i {DELIVERY}/*{OLD}*.deb")
    root.good("rm -r /usr/local/lib/systemd; dpkg --purge ravatard")
    assert done.status != 0
    assert "make uninstall" in done.output, done.output
    return "says so, and what to do"


def install(root: FreshRoot) -> str:
    """Install; user, groups, enabled unit, configuration."""
    said = root.good(f"dpkg -i {DELIVERY}/*{OLD}*.deb")
    assert "systemctl restart ravatard" in said, said
    assert root.good(f"stat -c %U:%G:%a {CONFIG}") == "root:ravatard:640"
    groups = root.good("id -Gn ravatard").split()
    assert {"ravatard", "audio", "gpio", "spi"} <= set(groups), groups
    assert root.good("systemctl is-enabled ravatard.service") == "enabled"
    return f"groups {' '.join(groups)}; unit enabled"


def works(root: FreshRoot) -> str:
    """Every module loads with the declared packages only."""
    imported = "import " + ", ".join(MODULES.split())
    root.good(f"cd /tmp && /opt/ravatard/bin/python -W error -c '{imported}'")
    # aiortc's own warnings are not ours.
    root.good("/opt/ravatard/bin/python -W ignore -c 'import aiortc, av'")
    opus = 'from ravatard.cloud.pixelstreaming import opus; import ctypes; ctypes.CDLL("libopus.so.0")'
    root.good(f"/opt/ravatard/bin/python -c '{opus}'")
    root.good("ravatard config check")
    root.good("ravatard config reference >/dev/null")
    changed = root.good("dpkg --verify ravatard")
    assert not changed, changed
    return root.good("ravatard --version")


def upgrade(root: FreshRoot) -> str:
    """Upgrade; edited configuration and state stay."""
    root.good(f"echo '# mine' >>{CONFIG}; {STATE}")
    root.good(f"dpkg -i {DELIVERY}/*{NEW}*.deb")
    assert root.good(f"tail -1 {CONFIG}") == "# mine"
    assert root.good(f"stat -c %U:%G:%a {CONFIG}") == "root:ravatard:640"
    assert root.good("cat /var/lib/ravatard/kept") == "1"
    return root.good("dpkg-query -W -f '${Version} ${Status}' ravatard")


def disabled(root: FreshRoot) -> str:
    """Upgrade; a unit somebody disabled stays so."""
    root.good("systemctl disable ravatard.service")
    root.good(f"dpkg -i {DELIVERY}/*{NEW}*.deb")
    assert root.run("systemctl is-enabled ravatard.service").output.strip() == "disabled"
    return "still disabled"


def remove(root: FreshRoot) -> str:
    """Remove; configuration and state stay."""
    root.good(
        f"touch /opt/ravatard/lib/later; dpkg --remove ravatard; test -e {CONFIG}; test ! -e /opt/ravatard"
    )
    assert root.good("cat /var/lib/ravatard/kept") == "1"
    return "the program is gone"


def purge(root: FreshRoot) -> str:
    """Purge; no file, no user."""
    root.good("dpkg --purge ravatard")
    assert root.run("id ravatard").status != 0
    return "nothing left"


def by_make(root: FreshRoot) -> str:
    """`make install`, twice; a running systemd is not needed."""
    script = f"{DELIVERY}/source/systemd/install/install.sh {DELIVERY}/environment"
    said = root.good(script)
    assert "systemd does not run here" in said, said
    assert "Next" in said, said
    root.good(f"echo '# mine' >>{CONFIG}; {STATE}")
    root.good(script)
    assert root.good(f"tail -1 {CONFIG}") == "# mine"
    assert root.good(f"stat -c %U:%G:%a {CONFIG}") == "root:ravatard:640"
    root.good("ravatard config check")
    return root.good("id -Gn ravatard")


def by_make_again(root: FreshRoot) -> str:
    """`make uninstall`, and with PURGE=1."""
    script = f"{DELIVERY}/source/systemd/install/uninstall.sh"
    said = root.good(script)
    assert "Kept" in said, said
    root.good(f"test -e {CONFIG} && test -e /var/lib/ravatard/kept && test ! -e /opt/ravatard")
    root.good(f"PURGE=1 {script}")
    assert root.run("id ravatard").status != 0
    return "nothing left"


#: After those marked, the root must be as it was.
STEPS: tuple[tuple[Callable[[FreshRoot], str], bool], ...] = (
    (refused, False),
    (install, False),
    (works, False),
    (upgrade, False),
    (disabled, False),
    (remove, False),
    (purge, True),
    (by_make, False),
    (by_make_again, True),
)


def main() -> int:
    """Run the steps; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.packaging")
    parser.add_argument("environment", type=Path, help="what systemd/install/environment.sh made")
    environment = parser.parse_args().environment
    if os.getuid() != 0:
        sys.stderr.write("A root of its own takes root: sudo make package-test\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="ravatard-package-") as folder:
        debs = [_package(environment, Path(folder), version) for version in (OLD, NEW)]
        began = time.monotonic()
        suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
        root = make_root(depends(debs[0]), suite, CACHE, Path(folder) / "root")
        _deliver(root, environment, debs)
        size_mb = debs[0].stat().st_size / 1e6
        _say(f"fresh Debian {suite} in {time.monotonic() - began:.0f} s; the package has {size_mb:.0f} MB\n")
        before = root.files()
        return 0 if all(_passes(step, root, before if clean else None) for step, clean in STEPS) else 1


def _passes(step: Callable[[FreshRoot], str], root: FreshRoot, clean: set[str] | None) -> bool:
    began = time.monotonic()
    try:
        said = step(root)
        left = sorted(root.files() ^ clean) if clean is not None else []
        assert not left, f"left or missing: {', '.join(left[:8])}"
    except AssertionError as error:
        said, passed = str(error), False
    else:
        passed = True
    what = (step.__doc__ or step.__name__).rstrip(".")
    _say(f"{'pass' if passed else 'FAIL'}  {time.monotonic() - began:5.1f} s  {what}: {said}")
    return passed


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _package(environment: Path, folder: Path, version: str) -> Path:
    script = ROOT / "systemd" / "install" / "package.sh"
    made = subprocess.run(
        [script, environment, folder, version], capture_output=True, text=True, check=True, timeout=300
    )
    return Path(made.stdout.strip())


def _deliver(root: FreshRoot, environment: Path, debs: list[Path]) -> None:
    delivery = root.path / DELIVERY[1:]
    for name in ("systemd", "hardware", "config"):
        shutil.copytree(ROOT / name, delivery / "source" / name)
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"):
        shutil.copy(ROOT / name, delivery / "source")
    shutil.copytree(environment, delivery / "environment", symlinks=True)
    for deb in debs:
        shutil.copy(deb, delivery)


if __name__ == "__main__":
    sys.exit(main())
