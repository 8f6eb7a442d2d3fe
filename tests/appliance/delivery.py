"""What is brought into the virtual machine: this tree as it is now, and the wheels its installation asks for.

One tar archive that the machine sees as a disk: nothing has to be mounted, shared or downloaded in there.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.appliance.commands import output
from tests.packaging.lock import APPLIANCE, pins, without

PROJECT = Path(__file__).parents[2]
#: What systemd/install/debian-modules.sh names is in the image: nothing is compiled in there, nor for it.
_FROM_DEBIAN = ("pyaudio", "systemd-python", "spidev", "pyalsaaudio")
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
    """All that the appliance's lock pins, fetched by this machine's pip; the guest's compares the hashes."""
    text = without(APPLIANCE.read_text(), _FROM_DEBIAN)
    folder = cache / f"wheels-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    if folder.exists():
        return folder
    say(f"fetching wheels for {len(pins(text))} packages")
    unfinished = folder.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for old in cache.glob("wheels-*"):
        shutil.rmtree(old)
    unfinished.mkdir(parents=True)
    lock = unfinished / "lock.txt"
    lock.write_text(text)
    python = _debian_python()
    wanted = ("--no-deps", "--dest", unfinished, "--requirement", lock)
    output(python, "-m", "pip", "--quiet", "download", *wanted, within_s=600)
    unfinished.rename(folder)
    return folder


def _debian_python() -> str:
    """A Python of the same version as the guest's: wheels for another one would be of no use."""
    system = "/usr/bin/python3"
    asked = [system, "-c", "import sys, pip; print(sys.version_info[:2] == (3, 11))"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return system if done.stdout.strip() == "True" else sys.executable
