"""``make lock``: pins everything that pip installs, with the hashes of the files that may be used.

Needs ``uv`` and a way to the index; the locks name neither. Wheels are for README's Pythons and processors;
source packages are listed only for those that are compiled.
"""

from __future__ import annotations

import operator
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]
APPLIANCE = ROOT / "systemd" / "install" / "appliance.lock"
TESTS = ROOT / ".ci" / "tests.lock"
PYTHONS = ((3, 11), (3, 12), (3, 13))
PROCESSORS = ("x86_64", "aarch64")
#: Without wheels for every Python and processor; README says where they come from.
COMPILED = frozenset(("lgpio", "pyalsaaudio", "pyaudio", "spidev", "systemd-python"))
#: What only a program of Playwright needs, 53 MB: of axe-playwright-python the tests read one file.
UNUSED = frozenset(("greenlet", "playwright", "pyee"))
#: A release younger than this may still be withdrawn.
SETTLED = timedelta(days=7)
#: What a marker may ask of the minor version of Python.
_HOLDS: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_HEAD = (
    "# Written by `make lock`; do not edit. What it leaves out is never installed: pip compares the hashes.\n"
)


class LockError(Exception):
    """There is no such lock; says which package lacks what."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One pinned package.

    Attributes:
        name: in pip's normal form.
        version: the only one that may be installed.
        marker: for which Pythons; empty for all.
        hashes: SHA-256 of each file that may be used, sorted.
        wheels_only: whether pip must not compile it.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    wheels_only: bool

    def __str__(self) -> str:
        head = f"--only-binary {self.name}\n" if self.wheels_only else ""
        marker = f" ; {self.marker}" if self.marker else ""
        hashes = "".join(f" \\\n    --hash=sha256:{one}" for one in self.hashes)
        return f"{head}{self.name}=={self.version}{marker}{hashes}\n"


def entries(pylock: str) -> list[Entry]:
    """Return the packages of a ``pylock.toml`` (PEP 751) that are used.

    Raises:
        LockError: a package that is not compiled lacks a wheel.
    """
    packages = tomllib.loads(pylock)["packages"]
    posix = [one for one in packages if "sys_platform == 'win32'" not in one.get("marker", "")]
    return [_entry(one) for one in posix if one["name"] not in UNUSED]


def _entry(package: dict[str, Any]) -> Entry:
    name, wanted = package["name"], _pythons(package.get("marker", ""))
    wheels = {_file_name(wheel["url"]): wheel["hashes"]["sha256"] for wheel in package.get("wheels", ())}
    fitting = {file: digest for file, digest in wheels.items() if any(fits(file, *one) for one in wanted)}
    lacking = [one for one in wanted if not any(fits(file, *one) for file in fitting)]
    hashes = set(fitting.values())
    if name in COMPILED:
        hashes.add(package["sdist"]["hashes"]["sha256"])
    elif lacking:
        raise LockError(f"{name} {package['version']} has no wheel for {lacking}")
    marker = _without_floor(package.get("marker", ""))
    return Entry(name, package["version"], marker, tuple(sorted(hashes)), name not in COMPILED)


def _pythons(marker: str) -> list[tuple[tuple[int, int], str]]:
    """Return the Pythons and processors that ``marker`` may mean; it compares nothing but versions."""
    found = []
    for python in PYTHONS:
        terms = re.findall(r"python(?:_full)?_version ([<>=!]+) '3\.(\d+)(?:\.\*)?'", marker)
        if all(_HOLDS[sign](python[1], int(minor)) for sign, minor in terms):
            found += [(python, processor) for processor in PROCESSORS]
    return found


def _without_floor(marker: str) -> str:
    """Return ``marker`` without the conditions that every supported Python meets."""
    always = r"(python_full_version >= '3\.11'|\w*implementation(_name)? != 'PyPy')( and )?"
    rest = re.sub(always, "", marker).strip()
    return rest.removesuffix(" and").strip()


def fits(wheel: str, python: tuple[int, int], processor: str) -> bool:
    """Return True if pip of ``python`` on Debian on ``processor`` takes the file ``wheel``.

    >>> fits("av-14-cp311-abi3-manylinux_2_28_x86_64.whl", (3, 13), "x86_64")
    True
    """
    pythons, abis, platforms = wheel.removesuffix(".whl").rsplit("-", 3)[1:]
    own = f"cp{python[0]}{python[1]}"
    if not any(_platform_fits(one, processor) for one in platforms.split(".")):
        return False
    for tag in pythons.split("."):
        for abi in abis.split("."):
            minor = re.fullmatch(r"cp3(\d+)", tag)
            if (tag, abi) == (own, own) or (abi == "none" and tag in ("py3", "py311", own)):
                return True
            if abi == "abi3" and minor and int(minor[1]) <= python[1]:
                return True
    return False


def _platform_fits(platform: str, processor: str) -> bool:
    return platform == "any" or (platform.startswith("manylinux") and platform.endswith(f"_{processor}"))


def render(found: Iterable[Entry]) -> str:
    """Return the text of a lock."""
    return _HEAD + "--require-hashes\n" + "".join(str(one) for one in sorted(found, key=lambda one: one.name))


def pins(lock: str) -> dict[str, str]:
    """Return name -> version of each package in the text of a lock."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", lock, flags=re.M))


def without(lock: str, names: Sequence[str]) -> str:
    """Return the text of a lock without some of its packages."""
    left_out = "|".join(re.escape(name) for name in names)
    return re.sub(
        rf"^(--only-binary ({left_out})\n)?({left_out})==.*(\n    --hash=.*)*\n", "", lock, flags=re.M
    )


def wanted(*, tests: bool) -> Iterator[str]:
    """Yield what pyproject.toml asks for, every extra and the maker of packages included."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text())
    yield from said["build-system"]["requires"]
    yield from said["project"]["dependencies"]
    for extra, requirements in said["project"]["optional-dependencies"].items():
        if tests or extra != "test":
            yield from requirements


def main() -> int:
    """Write both locks; returns the exit status."""
    try:
        everything = entries(_resolved([*wanted(tests=True)]))
        fixed = [
            f"{one.name}=={one.version}" + (f" ; {one.marker}" if one.marker else "") for one in everything
        ]
        appliance = {one.name for one in entries(_resolved([*wanted(tests=False)], fixed))}
    except (LockError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    APPLIANCE.write_text(render(one for one in everything if one.name in appliance))
    TESTS.write_text(render(one for one in everything if one.name not in appliance))
    return 0


def _resolved(requirements: Sequence[str], constraints: Sequence[str] = ()) -> str:
    with tempfile.TemporaryDirectory() as folder:
        asked, limits, answer = (Path(folder) / name for name in ("in.txt", "limits.txt", "pylock.toml"))
        asked.write_text("\n".join(requirements))
        limits.write_text("\n".join(constraints))
        before = (datetime.now(UTC) - SETTLED).strftime("%Y-%m-%dT00:00:00Z")
        subprocess.run(
            [
                *(Path(sys.executable).with_name("uv"), "pip", "compile", asked, "--constraint", limits),
                *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-config", "--quiet"),
                *("--exclude-newer", before, "--format", "pylock.toml", "--output-file", answer),
            ],
            check=True,
            timeout=600,
            stdout=subprocess.DEVNULL,
            # uv has authorities of its own, and reads none of pip's settings.
            env={"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"} | dict(os.environ),
        )
        return answer.read_text()


def _file_name(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])


if __name__ == "__main__":
    sys.exit(main())
