"""What is brought into the virtual machine: this tree as it is now, and the wheels its installation asks for.

One tar archive that the machine sees as a disk: nothing has to be mounted, shared or downloaded in there.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.appliance.commands import output

PROJECT = Path(__file__).parents[2]
#: Only the tests of the building machine need these.
_NOT_INSTALLED = ("test",)
#: What systemd/install/debian-modules.sh names is in the image: nothing is compiled in there, nor for it.
_FROM_DEBIAN = re.compile(r"(pyaudio|systemd-python|spidev|pyalsaaudio)\b", re.IGNORECASE)
_TAR_BLOCK_BYTES = 512


def make_delivery(target: Path, cache: Path, say: Callable[[str], object]) -> None:
    """Write the archive: ``source/`` and ``wheels/``.

    Raises:
        BuildError: a wheel cannot be had or made.
    """
    wheels = _wheels(cache, say)
    with tarfile.open(target, "w") as archive:
        for name in _files():
            archive.add(PROJECT / name, f"source/{name}", recursive=False)
        for wheel in sorted(wheels.glob("*.whl")):
            archive.add(wheel, f"wheels/{wheel.name}")
    # A disk has whole blocks.
    with target.open("ab") as file:
        file.write(bytes(-file.tell() % _TAR_BLOCK_BYTES))


def _files() -> Iterator[str]:
    """What a clone of this tree would hold, with what has not been committed yet."""
    listed = output("git", "-C", PROJECT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0"):
        if name and not name.startswith("tests/") and (PROJECT / name).is_file():
            yield name


def _wheels(cache: Path, say: Callable[[str], object]) -> Path:
    """All that an installation with every extra needs, made by this machine's pip."""
    text = (PROJECT / "pyproject.toml").read_text()
    folder = cache / f"wheels-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    if folder.exists():
        return folder
    said = tomllib.loads(text)
    wanted = [*said["build-system"]["requires"], *said["project"]["dependencies"]]
    for extra, requirements in said["project"]["optional-dependencies"].items():
        if extra not in _NOT_INSTALLED:
            wanted += requirements
    wanted = [requirement for requirement in wanted if not _FROM_DEBIAN.match(requirement)]
    say(f"making wheels for {len(wanted)} requirements")
    unfinished = folder.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for old in cache.glob("wheels-*"):
        shutil.rmtree(old)
    python = _debian_python()
    output(python, "-m", "pip", "--quiet", "wheel", "--wheel-dir", unfinished, *wanted, "wheel", within_s=600)
    unfinished.rename(folder)
    return folder


def _debian_python() -> str:
    """A Python of the same version as the guest's: wheels for another one would be of no use."""
    system = "/usr/bin/python3"
    asked = [system, "-c", "import sys, pip; print(sys.version_info[:2] == (3, 11))"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return system if done.stdout.strip() == "True" else sys.executable
